import { startAzurite, type Azurite } from '../../dev/azurite.ts';
import { startLocalEntra, type LocalEntra } from '../../dev/entra/server.ts';
import { findBrowser } from './browser.ts';

/** What every test file shares: one Azurite and one local Entra, each on a free port. */
export interface SharedServices {
  readonly azurite: Azurite;
  readonly entra: LocalEntra;
}

declare global {
  var sharedServices: SharedServices | undefined;
}

/** Runs once in Jest's own process; workers learn the addresses from the environment. */
export default async function globalSetup(): Promise<void> {
  const [azurite, entra] = await Promise.all([startAzurite(), startLocalEntra({ port: 0 })]);
  globalThis.sharedServices = { azurite, entra };
  process.env.TEST_TABLES_CONNECTION_STRING = azurite.connectionString;
  process.env.TEST_ENTRA_AUTHORITY = entra.authority;
  const browser = findBrowser();
  if (browser !== undefined) process.env.CHROME_PATH = browser;
}
