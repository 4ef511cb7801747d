import packageJson from '../package.json' with { type: 'json' };
import { createAuthenticator, localPrincipal } from './auth/authenticate.ts';
import { createEntraVerifier } from './auth/entra-verifier.ts';
import { qualifyScopes } from './auth/scopes.ts';
import { createCredential } from './azure/credential.ts';
import { createNoteTable } from './azure/note-table.ts';
import { createSessionTable } from './azure/session-table.ts';
import { createTables } from './azure/tables.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';
import type { ConfigFault } from './config/fault.ts';
import { createDocsEndpoints } from './endpoints/docs.ts';
import { echoEndpoint } from './endpoints/echo.ts';
import { createFaultyEndpoint } from './endpoints/faulty.ts';
import { createHealthEndpoint, type Check } from './endpoints/health.ts';
import { createHealthzEndpoint } from './endpoints/healthz.ts';
import { createLandingEndpoint } from './endpoints/landing.ts';
import { createMcpEndpoint } from './endpoints/mcp.ts';
import { meEndpoint } from './endpoints/me.ts';
import { createOpenApiEndpoint } from './endpoints/openapi.ts';
import { createResourceMetadataEndpoints, resourceMetadataUrl } from './endpoints/resource-metadata.ts';
import { AppError } from './errors.ts';
import type { Endpoint, Route } from './http/endpoint.ts';
import { createGuard, type GuardOptions } from './http/guard.ts';
import { createLog, describeCause, type Log, type LogSink } from './log.ts';
import type { ServerIdentity } from './mcp/context.ts';
import { createMcpFetch } from './mcp/handler.ts';
import { prompts } from './mcp/prompts/index.ts';
import { resources } from './mcp/resources/index.ts';
import type { Surface } from './mcp/surface.ts';
import { tools } from './mcp/tools/index.ts';
import { createThrottledSessionStore } from './stores/throttled-session-store.ts';

/** What this server offers over MCP. */
export const productSurface: Surface = {
  tools,
  resources,
  prompts,
  instructions:
    'Notes belong to the signed-in user: save them with save_user_note, list them with get_user_notes.',
};

export interface AppOptions {
  /** Where log lines go that belong to no request, or whose host has no log of its own. */
  readonly sink: LogSink;
  readonly surface?: Surface;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const minute = 60_000;

function describeServer(config: Config, now: () => number): ServerIdentity {
  const { name, version } = packageJson;
  return { name, title: 'Entra MCP server', version, build: config.build.id, startedAt: now() };
}

function createStorage(config: Config, now: () => number) {
  const tables = createTables(config.tables, { credential: createCredential(config.identity) });
  const sessions = createThrottledSessionStore(createSessionTable(tables, { now }), {
    intervalMs: 5 * minute,
    maxEntries: 10_000,
    now,
  });
  return { tables, sessions, notes: createNoteTable(tables, { now }) };
}

function createAuthentication(config: Config, now: () => number) {
  if (!config.auth.required) return { authenticate: () => Promise.resolve(localPrincipal), checks: {} };
  const verifier = createEntraVerifier(config.entra, { now });
  return {
    authenticate: createAuthenticator((token) => verifier.verify(token)),
    checks: { signing_keys: () => verifier.check() } satisfies Record<string, Check>,
  };
}

/** Every endpoint. Connects to nothing: whatever is needed is reached when it is used. */
function composeEndpoints(
  config: Config,
  options: AppOptions,
  log: Log,
  checks: Record<string, Check>,
): Endpoint[] {
  const { surface = productSurface, now = Date.now } = options;
  const { publicBaseUrl } = config.http;
  const { authority, tenantId } = config.entra;
  const identity = describeServer(config, now);
  const { tables, notes, sessions } = createStorage(config, now);
  const handleMcp = createMcpFetch(surface, { identity, notes, sessions, now }, (error) => {
    log('error', 'mcp_failure', { cause: describeCause(error) });
  });
  const endpoints: Endpoint[] = [
    createMcpEndpoint({ handleMcp, sessions }),
    createHealthzEndpoint(identity),
    createHealthEndpoint({ checks: { tables: () => tables.ping(), ...checks }, now }),
    createLandingEndpoint({ publicBaseUrl, identity, tools: surface.tools }),
    ...createDocsEndpoints(identity),
    createOpenApiEndpoint({ publicBaseUrl, identity, tools: surface.tools, endpoints: () => endpoints }),
    meEndpoint,
    echoEndpoint,
    ...createResourceMetadataEndpoints({
      publicBaseUrl,
      authorizationServers: config.auth.required ? [`${authority}/${tenantId}/v2.0`] : [],
      scopes: qualifyScopes(config.entra),
      resourceName: identity.title,
    }),
  ];
  return endpoints;
}

function createAppGuard(config: Config, sink: LogSink, authenticate: GuardOptions['authenticate']) {
  const challenge = {
    resourceMetadataUrl: resourceMetadataUrl(config.http.publicBaseUrl),
    scopes: qualifyScopes(config.entra),
  };
  return createGuard({ ...config.http, challenge, authenticate, logLevel: config.log.level, sink });
}

function composeRoutes(config: Config, options: AppOptions): Route[] {
  const log = createLog(options.sink, config.log.level);
  const { authenticate, checks } = createAuthentication(config, options.now ?? Date.now);
  if (!config.auth.required) log('warn', 'auth_disabled', { setting: 'AUTH_REQUIRED' });
  return composeEndpoints(config, options, log, checks).map(
    createAppGuard(config, options.sink, authenticate),
  );
}

/** The same routes on a stand-in configuration that none of them gets to use. */
function composeFaultyRoutes(faults: readonly ConfigFault[], options: AppOptions): Route[] {
  const standIn = loadConfig({
    // Not this machine: a server of this machine refuses to be called by any other name.
    PUBLIC_BASE_URL: 'https://misconfigured.invalid',
    ENTRA_TENANT_ID: '00000000-0000-0000-0000-000000000000',
    ENTRA_AUDIENCES: '00000000-0000-0000-0000-000000000000',
    TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true',
  });
  const surface = { tools: [], resources: [], prompts: [] };
  const guard = createAppGuard(standIn, options.sink, () => Promise.reject(new AppError('misconfigured')));
  const endpoints = composeEndpoints(standIn, { ...options, surface }, createLog(options.sink, 'error'), {});
  return endpoints.map((endpoint) => guard(createFaultyEndpoint(endpoint, faults)));
}

/** What to tell of a start that failed: anything but the environment is a mistake in the code, told by the log alone. */
function reportStartFailure(error: unknown, log: Log): readonly ConfigFault[] {
  if (error instanceof ConfigError) {
    for (const fault of error.faults) log('error', 'start_fault', { ...fault });
    return error.faults;
  }
  log('error', 'start_fault', { cause: describeCause(error) });
  return [{ name: 'startup', problem: 'failed; the log names the cause', example: 'npm test' }];
}

/**
 * The server: every route, ready to be mounted on a host. A start that fails does not throw, since a host that finds
 * no routes answers 404 everywhere and says nothing; it gives the same routes, all of them telling that and `/healthz`
 * and `/health` telling what is wrong.
 */
export function createApp(
  environment: NodeJS.ProcessEnv,
  options: AppOptions,
): { readonly routes: readonly Route[] } {
  try {
    return { routes: composeRoutes(loadConfig(environment), options) };
  } catch (error) {
    const faults = reportStartFailure(error, createLog(options.sink, 'error'));
    return { routes: composeFaultyRoutes(faults, options) };
  }
}
