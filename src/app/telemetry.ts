import { createCredential, type CredentialOptions } from '../azure/credential.ts';
import type { Tables } from '../azure/tables.ts';
import type { Config } from '../config.ts';
import { describeError, toAppError } from '../errors.ts';
import type { GuardOptions } from '../http/guard.ts';
import { describeCause, type Log } from '../log.ts';
import type { ServerIdentity } from '../mcp/context.ts';
import type { CacheName, Dependency } from '../telemetry/names.ts';
import { askObserved, observeMethods } from '../telemetry/observe.ts';
import type { Exporters } from '../telemetry/opentelemetry.ts';
import { createRecorder } from '../telemetry/recorder.ts';
import type { Ask, CountLookup, Telemetry } from '../telemetry/telemetry.ts';

export interface TelemetryDeps {
  readonly config: Config;
  readonly identity: ServerIdentity;
  /** Whether the host writes requests and the log to Application Insights itself. */
  readonly hostRecords: boolean;
  readonly log: Log;
}

/** How often a failure to send is told, milliseconds: a collector that is out fails with every batch. */
const reportEveryMs = 60_000;

function createReport(log: Log): (error: unknown) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return function report(error) {
    const now = performance.now();
    if (now - reportedAt < reportEveryMs) return;
    reportedAt = now;
    log('warn', 'telemetry_failed', { cause: describeCause(error) });
  };
}

async function openMonitor(
  { connectionString, identity }: NonNullable<Config['telemetry']['azureMonitor']>,
  options: CredentialOptions,
  hostRecords: boolean,
): Promise<Exporters> {
  const { createMonitorExporters } = await import('../azure/monitor.ts');
  return createMonitorExporters({
    connectionString,
    hostRecords,
    ...(identity !== undefined && { credential: createCredential({ ...options, ...identity }) }),
  });
}

/** What is seen of this server from outside, if anything is to be. OpenTelemetry is loaded behind the first answer. */
export function createTelemetry({
  config,
  identity,
  hostRecords,
  log,
}: TelemetryDeps): Telemetry | undefined {
  const { otlp, azureMonitor, share } = config.telemetry;
  if (otlp === undefined && azureMonitor === undefined) return undefined;
  const report = createReport(log);
  const resource = {
    'service.name': identity.name,
    'service.version': identity.version,
    'service.instance.id': crypto.randomUUID(),
    'entra_mcp.build': identity.build,
  };
  return createRecorder({
    report,
    async open() {
      const [{ openPipeline }, ...exporters] = await Promise.all([
        import('../telemetry/opentelemetry.ts'),
        otlp && import('../telemetry/otlp.ts').then((module) => module.createOtlpExporters(otlp)),
        azureMonitor && openMonitor(azureMonitor, config.identity, hostRecords),
      ]);
      const given = exporters.filter((exporter) => exporter !== undefined);
      return openPipeline({ exporters: given, resource, share, report });
    },
  });
}

/** Questions to a dependency as spans; undefined where nothing is observed. */
export function createAsk(telemetry: Telemetry | undefined, dependency: Dependency): Ask | undefined {
  if (telemetry === undefined) return undefined;
  return (operation, work, attributes) =>
    askObserved(telemetry, { ...attributes, dependency, operation }, work);
}

/** Counts whether a cache knew; undefined where nothing is observed. */
export function createLookupCount(
  telemetry: Telemetry | undefined,
  cache: CacheName,
): CountLookup | undefined {
  if (telemetry === undefined) return undefined;
  const [hit, miss] = ['hit', 'miss'].map((result) => ({
    'entra_mcp.cache': cache,
    'entra_mcp.cache.result': result,
  }));
  return (isKnown) => telemetry.count('entra_mcp.cache.lookups', (isKnown ? hit : miss) ?? {});
}

type Authenticate = GuardOptions['authenticate'];

/** Counts the tokens that are refused, by why; a dependency that does not answer is no refusal. */
export function countRefusals(telemetry: Telemetry | undefined, authenticate: Authenticate): Authenticate {
  if (telemetry === undefined) return authenticate;
  return async (request) => {
    try {
      return await authenticate(request);
    } catch (error) {
      const { code } = toAppError(error);
      const { status } = describeError(code);
      if (status === 401 || status === 403)
        telemetry.count('entra_mcp.token.refusals', { 'error.type': code });
      throw error;
    }
  };
}

/** The tables, whose every operation is a span. */
export function observeTables(telemetry: Telemetry | undefined, tables: Tables): Tables {
  if (telemetry === undefined) return tables;
  return {
    ...observeMethods(telemetry, 'tables', tables, ['ping']),
    table: (name) =>
      observeMethods(
        telemetry,
        'tables',
        tables.table(name),
        ['get', 'list', 'listBefore', 'insert', 'upsert', 'replace', 'merge', 'remove', 'transact'],
        { 'db.collection.name': name },
      ),
  };
}
