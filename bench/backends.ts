import { startAzurite, type Azurite } from '../dev/azurite.ts';
import { apps, homeTenant, users } from '../dev/entra/directory.ts';
import { startLocalEntra, type LocalEntra } from '../dev/entra/server.ts';
import { createTables } from '../src/azure/tables.ts';
import { loadConfig } from '../src/config.ts';

/** What the servers need beside themselves, in this process or started by it: never on a server's core. */
export interface Backends {
  readonly entra: LocalEntra;
  readonly azurite: Azurite;
  stop(): Promise<void>;
}

/** Outlives every run. */
const accessTokenSeconds = 86_400;

export async function startBackends(): Promise<Backends> {
  const [azurite, entra] = await Promise.all([
    startAzurite(),
    startLocalEntra({ port: 0, accessTokenSeconds }),
  ]);
  return {
    entra,
    azurite,
    async stop() {
      await Promise.all([azurite.stop(), entra.stop()]);
    },
  };
}

const scope = 'access_as_user';

/** A user's access token, as Entra gives it: RS256, version 2. */
export async function requestToken({ entra }: Backends): Promise<string> {
  const { tenantId, username, password } = users.alice;
  const response = await fetch(`${entra.authority}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: apps.native.id,
      username,
      password,
      scope: `${apps.api.api.identifierUri}/${scope}`,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`the local Entra gave no token: ${response.status}`);
  return token;
}

/** What a peer needs to verify that token. */
export function createPeerEnvironment({ entra }: Backends): NodeJS.ProcessEnv {
  const tenant = `${entra.authority}/${homeTenant.id}`;
  return {
    BENCH_ISSUER: `${tenant}/v2.0`,
    BENCH_JWKS_URL: `${tenant}/discovery/v2.0/keys`,
    BENCH_AUDIENCE: apps.api.id,
    BENCH_SCOPE: scope,
  };
}

/** This server's own settings, the rest being as it is by default; the tables are there. */
export async function createOwnEnvironment({ entra, azurite }: Backends): Promise<NodeJS.ProcessEnv> {
  const environment = {
    PUBLIC_BASE_URL: 'http://localhost:7071',
    ENTRA_AUTHORITY: entra.authority,
    ENTRA_TENANT_ID: homeTenant.id,
    ENTRA_AUDIENCES: [apps.api.id, apps.api.api.identifierUri].join(','),
    TABLES_CONNECTION_STRING: azurite.connectionString,
    TABLE_PREFIX: 'bench',
    OAUTH_PROXY: 'off',
  };
  await createTables(loadConfig(environment).tables).ensureTables();
  return environment;
}
