import './app/zod-settings.ts';
import packageJson from '../package.json' with { type: 'json' };
import { jwksUrl } from './auth/entra-verifier.ts';
import { createJwksCache, type JwksCache } from './auth/jwks-cache.ts';
import { createCredential } from './azure/credential.ts';
import { createNoteTable } from './azure/note-table.ts';
import { createSessionTable } from './azure/session-table.ts';
import { createAppGuard, createAuthentication, describeSignIn } from './app/app-guard.ts';
import type { Network } from './app/authorization.ts';
import { createLateAuthorization, type LateAuthorization } from './app/late-authorization.ts';
import { createAsk, createLookupCount, createTelemetry, observeTables } from './app/telemetry.ts';
import { createTables, mcpTableNames, tableNames, type Tables } from './azure/tables.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';
import type { ConfigFault } from './config/fault.ts';
import { createFaultyEndpoint } from './endpoints/faulty.ts';
import type { Check } from './endpoints/health.ts';
import { createHealthzEndpoint } from './endpoints/healthz.ts';
import { createMcpEndpoint } from './endpoints/mcp.ts';
import { coreRoutes, pageRoutes } from './endpoints/routes.ts';
import { listSignInRoutes } from './endpoints/sign-in-routes.ts';
import { AppError } from './errors.ts';
import { createDeferredWork } from './http/deferred-work.ts';
import type { Endpoint, Route } from './http/endpoint.ts';
import { createLateEndpoints } from './http/late-endpoint.ts';
import { createJob, type Job } from './jobs.ts';
import { createLog, describeCause, type Log, type LogSink } from './log.ts';
import type { ServerIdentity } from './mcp/context.ts';
import { createMcpFetch } from './mcp/handler.ts';
import { prompts } from './mcp/prompts/index.ts';
import { resources } from './mcp/resources/index.ts';
import type { Surface } from './mcp/surface.ts';
import { tools } from './mcp/tools/index.ts';
import { once } from './once.ts';
import { createSessionRecorder } from './stores/session-recorder.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

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
  /** How clients' metadata documents are reached. */
  readonly network?: Network;
  /** Whether the host writes requests and the log to Application Insights itself. */
  readonly hostRecords?: boolean;
}

const minute = 60_000;

function describeServer(config: Config, now: () => number): ServerIdentity {
  const { name, version } = packageJson;
  return { name, title: 'Entra MCP server', version, build: config.build.id, startedAt: now() };
}

/** What several parts use. */
interface Shared {
  readonly log: Log;
  readonly credential: ReturnType<typeof createCredential>;
  readonly tables: Tables;
  readonly identity: ServerIdentity;
  /** Entra's: for the tokens that callers bring, and for those that this server obtains. */
  readonly entraKeys: JwksCache;
  readonly telemetry: Telemetry | undefined;
}

function createShared(config: Config, { sink, now = Date.now, hostRecords = false }: AppOptions): Shared {
  const identity = describeServer(config, now);
  const { level } = config.log;
  const telemetry = createTelemetry({ config, identity, hostRecords, log: createLog(sink, level) });
  const credential = createCredential(config.identity, createAsk(telemetry, 'identity'));
  const tables = createTables(config.tables, {
    credential,
    names: config.oauth === undefined ? mcpTableNames : tableNames,
  });
  return {
    log: createLog(sink, level, telemetry),
    credential,
    tables: observeTables(telemetry, tables),
    identity,
    entraKeys: createJwksCache(jwksUrl(config.entra), {
      now,
      ask: createAsk(telemetry, 'entra'),
      countLookup: createLookupCount(telemetry, 'entra_keys'),
    }),
    telemetry,
  };
}

function createStores(tables: Tables, now: () => number) {
  const sessions = createSessionTable(tables, { now });
  const recorder = createSessionRecorder(sessions, { intervalMs: 5 * minute, maxEntries: 10_000, now });
  return { sessions, recorder, notes: createNoteTable(tables, { now }) };
}

/** The authorization server, where there is one. */
function composeAuthorization(
  config: Config,
  { now = Date.now, network }: AppOptions,
  { tables, credential, log, identity, entraKeys, telemetry }: Shared,
): LateAuthorization | undefined {
  const { oauth } = config;
  if (oauth === undefined) return undefined;
  return createLateAuthorization({
    config: { ...config, oauth },
    tables,
    credential,
    entraKeys,
    title: identity.title,
    log,
    now,
    telemetry,
    ...(network !== undefined && { network }),
  });
}

/** Every endpoint. Connects to nothing: whatever is needed is reached when it is used. */
function composeEndpoints(
  config: Config,
  { surface = productSurface, now = Date.now }: AppOptions,
  { log, tables, identity, telemetry }: Shared,
  checks: Readonly<Record<string, Check>>,
  authorization: LateAuthorization | undefined,
): readonly Endpoint[] {
  const { notes, sessions, recorder } = createStores(tables, now);
  const report = (error: Error) => {
    log('error', 'mcp_failure', { cause: describeCause(error) });
  };
  const handleMcp = createMcpFetch(surface, { identity, notes, sessions, now }, report, telemetry);
  const core = [createMcpEndpoint({ handleMcp, recorder }), createHealthzEndpoint(identity)];
  const loadPages = once(async () => {
    const { createPages } = await import('./app/pages.ts');
    return createPages({
      publicBaseUrl: config.http.publicBaseUrl,
      identity,
      tools: surface.tools,
      checks: { tables: () => tables.ping(), ...checks, ...authorization?.checks },
      tokens: describeSignIn(config),
      core,
      loadSignIn: authorization?.loadEndpoints,
      now,
    });
  });
  return [
    ...core,
    ...createLateEndpoints(Object.values(pageRoutes), loadPages),
    ...(authorization?.endpoints ?? []),
  ];
}

function compose(config: Config, options: AppOptions): App {
  const { sink } = options;
  const shared = createShared(config, options);
  const { telemetry } = shared;
  const authorization = composeAuthorization(config, options, shared);
  const { authenticate, checks } = createAuthentication(config, {
    ...shared,
    now: options.now,
    own: authorization?.verifier,
  });
  if (!config.auth.required) shared.log('warn', 'auth_disabled', { setting: 'AUTH_REQUIRED' });
  const endpoints = composeEndpoints(config, options, shared, checks, authorization);
  const deferredWork = createDeferredWork();
  const jobOptions = { sink, logLevel: config.log.level, telemetry };
  return {
    routes: endpoints.map(
      createAppGuard(config, { sink, now: options.now, authenticate, deferredWork, telemetry }),
    ),
    jobs: (authorization?.work ?? []).map((work) => createJob(work, jobOptions)),
    async close() {
      await deferredWork.settle();
      await telemetry?.close();
    },
  };
}

/** Every route that there may be, under a guard whose configuration nothing gets to use. */
function composeFaulty(faults: readonly ConfigFault[], options: AppOptions): App {
  const standIn = loadConfig({
    // Not this machine: a server of this machine refuses to be called by any other name.
    PUBLIC_BASE_URL: 'https://misconfigured.invalid',
    OAUTH_PROXY: 'off',
    ENTRA_TENANT_ID: '00000000-0000-0000-0000-000000000000',
    ENTRA_AUDIENCES: '00000000-0000-0000-0000-000000000000',
    TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true',
  });
  const authenticate = () => Promise.reject(new AppError('misconfigured'));
  const guard = createAppGuard(standIn, {
    ...options,
    authenticate,
    deferredWork: createDeferredWork(),
  });
  const routes = [
    ...Object.values(coreRoutes),
    ...Object.values(pageRoutes),
    ...listSignInRoutes({ registration: true }),
  ];
  return {
    routes: routes.map((route) => guard(createFaultyEndpoint(route, faults))),
    jobs: [],
    close: () => Promise.resolve(),
  };
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

/** The server, ready to be mounted on a host. */
export interface App {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /**
   * Ends what answered requests left to be done, and sends what is left of the telemetry, which takes 5 seconds at most:
   * for a host that stops, when it takes no more requests. Never rejects.
   */
  close(): Promise<void>;
}

/**
 * A start that fails does not throw, since a host that finds no routes answers 404 everywhere and says nothing; it
 * gives the same routes, all of them telling that and `/healthz` and `/health` telling what is wrong.
 */
export function createApp(environment: NodeJS.ProcessEnv, options: AppOptions): App {
  try {
    return compose(loadConfig(environment), options);
  } catch (error) {
    return composeFaulty(reportStartFailure(error, createLog(options.sink, 'error')), options);
  }
}
