import { join } from 'node:path';
import { createTables } from '../src/azure/tables.ts';
import { loadConfig, type Config } from '../src/config.ts';
import { describeHost, serveApp, type HostPlan } from './app-host.ts';
import { startAzurite, type Azurite } from './azurite.ts';
import type { BannerFacts } from './banner.ts';
import { loadCertificate } from './certificate.ts';
import { findCoreTools, listensOnLoopbackOnly, type CoreTools } from './core-tools.ts';
import { emptyDataDir, locateDataDir, openDataDir } from './data-dir.ts';
import { apps, homeTenant } from './entra/directory.ts';
import { startLocalEntra, type LocalEntra } from './entra/server.ts';
import {
  composeEnvironment,
  listChangedSettings,
  readLocalSettings,
  type StackValues,
} from './environment.ts';
import { Failure } from './failure.ts';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from './identity-endpoint.ts';
import { startLocalKeyVault, type LocalKeyVault } from './key-vault/server.ts';
import type { StartOptions } from './options.ts';
import { checkPorts, readPorts, type Ports } from './ports.ts';
import { claimDataDir, removeStackFile, stackFileName, writeStackFile } from './stack-file.ts';
import type { Stopper } from './stopper.ts';
import { trustCertificates, writeTrustFile } from './trust.ts';

export interface Stack {
  readonly facts: BannerFacts;
  /** Resolves with the name of a part that ended though nobody stopped it. */
  readonly broken: Promise<string>;
}

interface Backends {
  readonly azurite: Azurite;
  readonly identity: LocalIdentityEndpoint;
  readonly entra: LocalEntra;
  readonly vault: LocalKeyVault;
}

async function startBackends(
  ports: Ports,
  dataDir: string,
  baseUrl: string,
  stopper: Stopper,
): Promise<Backends> {
  const azurite = await startAzurite({
    services: 'all',
    tablePort: ports.table,
    blobPort: ports.blob,
    queuePort: ports.queue,
    dataDir: join(dataDir, 'azurite'),
  });
  stopper.add(() => azurite.stop());
  const identity = await startLocalIdentityEndpoint({
    port: ports.identity,
    dataDir: join(dataDir, 'identity'),
  });
  stopper.add(() => identity.stop());
  const entra = await startLocalEntra({
    port: ports.entra,
    dataDir: join(dataDir, 'entra'),
    proxyRedirectUris: [`${baseUrl}/auth/callback`],
    federatedCredentials: [{ clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...identity }],
  });
  stopper.add(() => entra.stop());
  const vault = await startLocalKeyVault({
    port: ports.vault,
    identity,
    authority: entra.authority,
    // The stack's own, whatever SSL_CERTFILE says: its address must be in it.
    certificate: await loadCertificate(dataDir, {}),
    dataDir: join(dataDir, 'key-vault'),
  });
  stopper.add(() => vault.stop());
  return { azurite, identity, entra, vault };
}

function describeStack(origin: string, trustFile: string, backends: Backends): StackValues {
  const { azurite, entra, identity, vault } = backends;
  return {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: azurite.connectionString,
    PUBLIC_BASE_URL: origin,
    ENTRA_AUTHORITY: entra.authority,
    ENTRA_TENANT_ID: homeTenant.id,
    ENTRA_AUDIENCES: [apps.api.id, apps.api.api.identifierUri].join(','),
    ENTRA_CLIENT_ID: apps.proxy.id,
    TABLES_CONNECTION_STRING: azurite.connectionString,
    KEY_VAULT_URL: vault.url,
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
    NODE_EXTRA_CA_CERTS: trustFile,
  };
}

/** Makes the tables, and refuses what would leave the server open to the network. */
async function prepare(config: Config, tools: CoreTools | undefined): Promise<void> {
  if (!config.auth.required && tools !== undefined && !listensOnLoopbackOnly(tools)) {
    throw new Failure(
      `AUTH_REQUIRED=false would open the server to your network, as Core Tools ${tools.version} may listen on all of it. Update them to 4.13.0 or newer, or take "func" off the PATH.`,
    );
  }
  // Tables elsewhere are somebody's infrastructure, not ours to create.
  if (config.tables.connectionString !== undefined) await createTables(config.tables).ensureTables();
}

/** The data folder and the ports for this stack alone; `--fresh` empties the folder only when nothing else is wrong. */
async function reserve(
  { fresh, host }: StartOptions,
  dataDir: string,
  ports: Ports,
  stopper: Stopper,
): Promise<void> {
  openDataDir(dataDir);
  await claimDataDir(dataDir);
  stopper.add(() => removeStackFile(dataDir));
  const { mcp, ...others } = ports;
  await checkPorts(host ? { mcp, ...others } : others);
  if (fresh) emptyDataDir(dataDir, { except: stackFileName });
}

/**
 * Starts everything that the server needs and, unless told otherwise, the server itself, on 127.0.0.1. Whatever was
 * started is in the stopper, also when this rejects: with Failure or ConfigError where the person can put it right.
 */
export async function startStack(
  options: StartOptions,
  environment: NodeJS.ProcessEnv,
  stopper: Stopper,
): Promise<Stack> {
  const ports = readPorts(environment);
  const settings = readLocalSettings();
  const dataDir = locateDataDir(environment);
  await reserve(options, dataDir, ports, stopper);

  const certificate = options.https ? await loadCertificate(dataDir, environment) : undefined;
  // Core Tools take a certificate in a form (PKCS 12) that nothing here can write.
  const tools = options.host && !options.https ? await findCoreTools(environment) : undefined;
  const origin = `${options.https ? 'https' : 'http'}://localhost:${ports.mcp}`;
  const backends = await startBackends(ports, dataDir, origin, stopper);
  const { azurite, entra, vault } = backends;
  const trustFile = join(dataDir, 'trusted.pem');
  writeTrustFile(trustFile, vault.certificate, environment);
  trustCertificates(vault.certificate);
  const values = describeStack(origin, trustFile, backends);
  const appEnvironment = composeEnvironment(values, settings, environment);
  const config = loadConfig(appEnvironment);
  await prepare(config, tools);
  const plan: HostPlan = { wanted: options.host, port: ports.mcp, tools, certificate };
  const hostEnds = await serveApp(plan, appEnvironment, stopper);

  const { authority } = config.entra;
  const isLocal = authority === entra.authority;
  writeStackFile(dataDir, {
    mcpUrl: `${origin}/mcp`,
    authority: entra.authority,
    ...(certificate !== undefined && { certificate: certificate.cert }),
    ...(!isLocal && { otherAuthority: authority }),
  });
  return {
    facts: {
      baseUrl: config.http.publicBaseUrl,
      host: describeHost(plan),
      entra: { authority, isLocal },
      signsIn: config.oauth !== undefined,
      dataDir,
      dataDirWasChosen: Boolean(environment.DATA_DIR),
      ...(certificate?.selfSigned === true && { untrustedCertificate: certificate.certPath }),
      ...(!options.host && { settings: listChangedSettings(values) }),
    },
    broken: Promise.race([azurite.exited.then(() => 'Azurite'), ...hostEnds]),
  };
}
