/** What is counted. */
export const counters = {
  'entra_mcp.calls': 'MCP messages that were handled, by method, tool, era and outcome',
  'entra_mcp.failures': 'answers that tell of a failure, by its code and route',
  'entra_mcp.token.refusals': 'bearer tokens that were refused, by reason',
  'entra_mcp.cache.lookups': 'questions to a cache, by cache and by whether it knew',
} as const;

/** What is timed, in seconds. */
export const histograms = {
  'http.server.request.duration':
    'from the first check of a request to its answer, of a stream to its beginning',
  'mcp.server.operation.duration': 'from a message to its answer, of a stream to its end',
  'entra_mcp.dependency.duration': 'one question to something that this server depends on, retries included',
} as const;

export type CounterName = keyof typeof counters;
export type HistogramName = keyof typeof histograms;

/** Upper bounds of the buckets, seconds, as the conventions for HTTP and for MCP advise; the last is HTTP’s too. */
export const buckets: Readonly<Record<HistogramName, readonly number[]>> = {
  'http.server.request.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'mcp.server.operation.duration': [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
  'entra_mcp.dependency.duration': [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ],
};

/** What this server asks. A question is a span of the name `{dependency} {operation}`. */
export const dependencies = {
  tables: 'Table Storage, by operation and table',
  vault: 'Key Vault, by secret',
  entra: 'Microsoft Entra: `redeem`, `refresh`, `keys`',
  identity: 'tokens of the managed identity',
  clients: 'what clients publish: metadata documents and keys',
} as const;

export type Dependency = keyof typeof dependencies;

/** What remembers answers. */
export const caches = {
  entra_tokens: 'tokens of Entra that were verified before',
  own_tokens: 'tokens of this server that were verified before',
  entra_keys: 'keys that Entra signs with',
  grants: 'sign-ins that stand',
  secrets: 'secrets of the vault',
  client_documents: 'what clients publish',
} as const;

export type CacheName = keyof typeof caches;
