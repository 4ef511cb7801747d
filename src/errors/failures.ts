import type { CatalogueEntry } from './entry.ts';

/** What fails here or behind this server: 500 and 503. */
export const failures = {
  internal_error: {
    status: 500,
    oauth: 'server_error',
    rpc: -32603,
    message: 'The server failed to answer this request.',
  },
  signing_keys_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message:
      'The signing keys of the identity provider cannot be fetched, so no token can be verified. Try again.',
    retryAfter: 5,
  },
  client_metadata_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message:
      'The metadata document of the client could not be fetched. It must answer 200 within seconds, without a redirect, from a public address.',
    retryAfter: 10,
  },
  entra_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'Microsoft Entra does not answer, so nobody can sign in or be renewed. Try again.',
    retryAfter: 5,
  },
  entra_refused_server: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message:
      'Microsoft Entra refuses this server. Its operator must check ENTRA_CLIENT_ID, ENTRA_CLIENT_CREDENTIAL and the app registration; the log has the AADSTS code.',
    retryAfter: 60,
  },
  secrets_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'The keys of this server cannot be read from Key Vault. Try again.',
    retryAfter: 5,
  },
  secret_missing: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'A secret of this server is missing in Key Vault, or disabled. GET /health names it.',
    retryAfter: 60,
  },
  secret_unusable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'A secret of this server is empty, too short or not a key. GET /health names it.',
    retryAfter: 60,
  },
  storage_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'The storage of this server does not answer. Try again.',
    retryAfter: 5,
  },
  storage_contended: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'Too many changes to the same data at once. Try again.',
    retryAfter: 1,
  },
  overloaded: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'This server is answering as many requests as it can at once. Try again.',
    retryAfter: 1,
  },
  timed_out: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'The server did not finish this request in time. Try again.',
    retryAfter: 5,
  },
  misconfigured: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'This server is not configured correctly. GET /health says what is wrong.',
    retryAfter: 60,
  },
} as const satisfies Record<string, CatalogueEntry>;
