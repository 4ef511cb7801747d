import { startAzurite, type Azurite } from '../../dev/azurite.ts';
import { apps } from '../../dev/entra/directory.ts';
import { startLocalEntra, type LocalEntra } from '../../dev/entra/server.ts';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../../dev/identity-endpoint.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../../dev/key-vault/server.ts';
import { findBrowser } from './browser.ts';

/** What every test file shares, each on a free port. */
export interface SharedServices {
  readonly azurite: Azurite;
  readonly entra: LocalEntra;
  readonly identity: LocalIdentityEndpoint;
  readonly vault: LocalKeyVault;
}

declare global {
  var sharedServices: SharedServices | undefined;
}

/** The local Entra trusts the managed identity as the proxy's credential, and the vault lets it read. */
async function startSignIn(): Promise<Omit<SharedServices, 'azurite'>> {
  const identity = await startLocalIdentityEndpoint({ port: 0 });
  const entra = await startLocalEntra({
    port: 0,
    federatedCredentials: [{ clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...identity }],
  });
  const vault = await startLocalKeyVault({ port: 0, identity, authority: entra.authority });
  return { identity, entra, vault };
}

/** Runs once in Jest's own process; workers learn the addresses from the environment. */
export default async function globalSetup(): Promise<void> {
  const [azurite, { identity, entra, vault }] = await Promise.all([startAzurite(), startSignIn()]);
  globalThis.sharedServices = { azurite, entra, identity, vault };
  const { issuer, subject, jwksUri } = identity;
  Object.assign(process.env, {
    TEST_TABLES_CONNECTION_STRING: azurite.connectionString,
    TEST_ENTRA_AUTHORITY: entra.authority,
    TEST_KEY_VAULT_URL: vault.url,
    TEST_KEY_VAULT_CERTIFICATE: vault.certificate,
    TEST_IDENTITY: JSON.stringify({ issuer, subject, jwksUri }),
    // Under these names @azure/identity reads them itself.
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
  });
  const browser = findBrowser();
  if (browser !== undefined) process.env.CHROME_PATH = browser;
}
