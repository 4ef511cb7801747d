import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { createTables } from '../src/azure/tables.ts';
import { loadConfig } from '../src/config.ts';
import { bundleApp } from '../scripts/lib/bundle.ts';
import { startAzurite } from './azurite.ts';
import type { BannerFacts } from './banner.ts';
import { loadCertificate, type Certificate } from './certificate.ts';
import { findCoreTools, startFunctionsHost, type CoreTools } from './core-tools.ts';
import { locateDataDir, openDataDir } from './data-dir.ts';
import { apps, homeTenant } from './entra/directory.ts';
import { startLocalEntra } from './entra/server.ts';
import { composeEnvironment, readLocalSettings } from './environment.ts';
import { startHost } from './host.ts';
import type { StartOptions } from './options.ts';
import { checkPorts, readPorts, type Ports } from './ports.ts';
import { createReadableSink } from './readable-log.ts';
import { removeStackFile, writeStackFile } from './stack-file.ts';
import type { Stopper } from './stopper.ts';

export interface Stack {
  readonly facts: BannerFacts;
  /** Resolves with the name of a part that ended though nobody stopped it. */
  readonly broken: Promise<string>;
}

interface HostPlan {
  readonly port: number;
  readonly tools: CoreTools | undefined;
  readonly certificate: Certificate | undefined;
}

async function startBackends(ports: Ports, dataDir: string, baseUrl: string, stopper: Stopper) {
  const azurite = await startAzurite({
    services: 'all',
    tablePort: ports.table,
    blobPort: ports.blob,
    queuePort: ports.queue,
    dataDir: join(dataDir, 'azurite'),
  });
  stopper.add(() => azurite.stop());
  const entra = await startLocalEntra({
    port: ports.entra,
    dataDir: join(dataDir, 'entra'),
    proxyRedirectUris: [`${baseUrl}/auth/callback`],
  });
  stopper.add(() => entra.stop());
  return { azurite, entra };
}

/** Serves the app; resolves, when it answers, with what resolves when its host ends by itself. */
async function serveApp(
  plan: HostPlan,
  environment: NodeJS.ProcessEnv,
  stopper: Stopper,
): Promise<Promise<string>[]> {
  const { port, tools, certificate } = plan;
  if (tools !== undefined) {
    await bundleApp();
    const host = startFunctionsHost(tools, { port, environment });
    stopper.add(() => host.stop());
    await host.ready;
    return [host.exited.then(() => 'Azure Functions Core Tools')];
  }
  const sink = createReadableSink((line) => console.log(line));
  const { routes } = createApp(environment, { sink });
  const host = await startHost(routes, { port, ...(certificate !== undefined && { tls: certificate }) });
  stopper.add(() => host.stop());
  return [];
}

async function prepareTables(environment: NodeJS.ProcessEnv): Promise<void> {
  const { tables } = loadConfig(environment);
  // Tables elsewhere are somebody's infrastructure, not ours to create.
  if (tables.connectionString !== undefined) await createTables(tables).ensureTables();
}

function describeHost({ tools, certificate }: HostPlan): string {
  if (tools !== undefined) return `Azure Functions Core Tools ${tools.version} (${tools.path})`;
  const reason = certificate === undefined ? 'no "func" 4.x on the PATH' : 'as --https asks for';
  return `the project's own local host (${reason})`;
}

/**
 * Starts everything that the server needs and the server itself, on 127.0.0.1. Whatever was started is in the stopper,
 * also when this rejects: with Failure or ConfigError where the person can put it right.
 */
export async function startStack(
  options: StartOptions,
  environment: NodeJS.ProcessEnv,
  stopper: Stopper,
): Promise<Stack> {
  const ports = readPorts(environment);
  const settings = readLocalSettings();
  const dataDir = locateDataDir(environment);
  // Before the folder is touched: with the ports taken, it may be in use too.
  await checkPorts(ports);
  openDataDir(dataDir, options);

  const certificate = options.https ? await loadCertificate(dataDir, environment) : undefined;
  // Core Tools take a certificate in a form (PKCS 12) that nothing here can write.
  const tools = options.https ? undefined : await findCoreTools(environment);
  const origin = `${options.https ? 'https' : 'http'}://localhost:${ports.mcp}`;
  const { azurite, entra } = await startBackends(ports, dataDir, origin, stopper);
  const appEnvironment = composeEnvironment(
    {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: azurite.connectionString,
      PUBLIC_BASE_URL: origin,
      ENTRA_AUTHORITY: entra.authority,
      ENTRA_TENANT_ID: homeTenant.id,
      ENTRA_AUDIENCES: [apps.api.id, apps.api.api.identifierUri].join(','),
      TABLES_CONNECTION_STRING: azurite.connectionString,
    },
    settings,
    environment,
  );
  await prepareTables(appEnvironment);
  const plan = { port: ports.mcp, tools, certificate };
  const hostEnds = await serveApp(plan, appEnvironment, stopper);

  stopper.add(() => removeStackFile(dataDir));
  writeStackFile(dataDir, {
    mcpUrl: `${origin}/mcp`,
    authority: entra.authority,
    ...(certificate !== undefined && { certificate: certificate.cert }),
  });
  const { http, entra: configured } = loadConfig(appEnvironment);
  return {
    facts: {
      baseUrl: http.publicBaseUrl,
      host: describeHost(plan),
      entra: { authority: configured.authority, isLocal: configured.authority === entra.authority },
      dataDir,
      ...(certificate?.selfSigned === true && { untrustedCertificate: certificate.certPath }),
    },
    broken: Promise.race([azurite.exited.then(() => 'Azurite'), ...hostEnds]),
  };
}
