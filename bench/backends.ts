import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite, type Azurite } from '../dev/azurite.ts';
import { apps, homeTenant } from '../dev/entra/directory.ts';
import { startLocalEntra, type LocalEntra } from '../dev/entra/server.ts';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../dev/identity-endpoint.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../dev/key-vault/server.ts';
import { createTables } from '../src/azure/tables.ts';
import { loadConfig } from '../src/config.ts';

/** What the servers need beside themselves, in this process or started by it: never on a server's core. */
export interface Backends {
  readonly entra: LocalEntra;
  readonly azurite: Azurite;
  readonly identity: LocalIdentityEndpoint;
  readonly vault: LocalKeyVault;
  /** File with the certificate of the vault. */
  readonly trustFile: string;
  stop(): Promise<void>;
}

/** Outlives every run. */
const accessTokenSeconds = 86_400;

export async function startBackends(): Promise<Backends> {
  const [azurite, identity] = await Promise.all([startAzurite(), startLocalIdentityEndpoint({ port: 0 })]);
  const entra = await startLocalEntra({
    port: 0,
    accessTokenSeconds,
    federatedCredentials: [{ clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...identity }],
  });
  const vault = await startLocalKeyVault({ port: 0, identity, authority: entra.authority });
  const folder = mkdtempSync(join(tmpdir(), 'bench-trust-'));
  const trustFile = join(folder, 'trusted.pem');
  writeFileSync(trustFile, vault.certificate);
  return {
    entra,
    azurite,
    identity,
    vault,
    trustFile,
    async stop() {
      await Promise.all([azurite, identity, entra, vault].map((backend) => backend.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}

/** An access token of a user who is in no directory, by object id. */
export async function mintToken({ entra }: Backends, objectId: string): Promise<string> {
  const response = await fetch(`${entra.authority}/dev/tokens`, {
    method: 'POST',
    body: JSON.stringify({ claims: { oid: objectId } }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`the local Entra minted no token: ${response.status}`);
  return token;
}

/** What a peer needs to verify such a token. */
export function createPeerEnvironment({ entra }: Backends): NodeJS.ProcessEnv {
  const tenant = `${entra.authority}/${homeTenant.id}`;
  return {
    BENCH_ISSUER: `${tenant}/v2.0`,
    BENCH_JWKS_URL: `${tenant}/discovery/v2.0/keys`,
    BENCH_AUDIENCE: apps.api.id,
    BENCH_SCOPE: 'access_as_user',
  };
}

/** This server's own settings, all others being as they are by default. The tables are made. */
export async function createOwnEnvironment(
  { entra, azurite }: Backends,
  changes: NodeJS.ProcessEnv = {},
): Promise<NodeJS.ProcessEnv> {
  const environment = {
    PUBLIC_BASE_URL: 'http://localhost:7071',
    ENTRA_AUTHORITY: entra.authority,
    ENTRA_TENANT_ID: homeTenant.id,
    ENTRA_AUDIENCES: [apps.api.id, apps.api.api.identifierUri].join(','),
    TABLES_CONNECTION_STRING: azurite.connectionString,
    TABLE_PREFIX: 'bench',
    // Counted, and never met.
    MAX_CONCURRENT_REQUESTS: '1000',
    MCP_CALLS_PER_MINUTE: '1000000',
    OAUTH_CALLS_PER_MINUTE: '1000000',
    OAUTH_PROXY: 'off',
    ...changes,
  };
  await createTables(loadConfig(environment).tables).ensureTables();
  return environment;
}

/** As `createOwnEnvironment`, with the authorization server on, which is the default. */
export function createProxyEnvironment(
  backends: Backends,
  changes: NodeJS.ProcessEnv = {},
): Promise<NodeJS.ProcessEnv> {
  const { identity, vault, trustFile } = backends;
  return createOwnEnvironment(backends, {
    OAUTH_PROXY: 'on',
    ENTRA_CLIENT_ID: apps.proxy.id,
    KEY_VAULT_URL: vault.url,
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
    NODE_EXTRA_CA_CERTS: trustFile,
    TABLE_PREFIX: 'benchproxy',
    TOKEN_EXPIRY_SECONDS: String(accessTokenSeconds),
    ...changes,
  });
}
