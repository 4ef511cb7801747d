import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { startLocalKeyVault } from '../../dev/key-vault/server.ts';
import { trustCertificates } from '../../dev/trust.ts';
import { createCredential } from '../../src/azure/credential.ts';
import { createKeyVaultSecrets } from '../../src/azure/key-vault-secrets.ts';
import { createTables } from '../../src/azure/tables.ts';
import { failureOf } from '../support/failure-of.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { reachTablesAt, required, sharedIdentity, sharedTablesUrl } from '../support/shared-services.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';

const keep = stopAfterEach();
const environment = { ...process.env };

afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...environment };
});

/** Shorter than every deadline of this server and of its libraries, milliseconds; no pause is longer. */
const longestPauseMs = 1_000;

/** The pauses that work asks for while whatever is drawn at random comes out as this. */
async function pausesOf(drawn: number, work: () => Promise<unknown>): Promise<readonly unknown[]> {
  jest.spyOn(Math, 'random').mockReturnValue(drawn);
  const timer = jest.spyOn(globalThis, 'setTimeout');
  await failureOf(work());
  const delays = timer.mock.calls.map(([, delay = 0]) => delay);
  jest.restoreAllMocks();
  return delays.filter((delay) => delay > 0 && delay <= longestPauseMs);
}

/** The origin of what stands before a service and refuses everything. */
async function startRefusing(origin: string): Promise<string> {
  const proxy = await keep(startFaultProxy(origin));
  proxy.fault = '503';
  return proxy.origin;
}

/** Each asks a service that always answers 503. */
const questions: readonly [string, () => Promise<() => Promise<unknown>>][] = [
  [
    'Table Storage',
    async () => {
      const refusing = await startRefusing(new URL(sharedTablesUrl()).origin);
      const tables = createTables({ connectionString: reachTablesAt(refusing), prefix: 'retries' });
      return () => tables.table('Notes').get('p', 'r');
    },
  ],
  [
    'Key Vault',
    async () => {
      const authority = required('TEST_ENTRA_AUTHORITY');
      const vault = await keep(
        startLocalKeyVault({ port: 0, authority, identity: sharedIdentity(), seed: {} }),
      );
      trustCertificates(vault.certificate);
      vault.outage(true);
      const secrets = createKeyVaultSecrets(
        { url: vault.url },
        {
          credential: createCredential({ managedIdentity: true }),
          now: Date.now,
          log: () => undefined,
        },
      );
      return () => secrets.read('cookie-key');
    },
  ],
  [
    'the managed identity',
    async () => {
      const { origin, pathname } = new URL(required('IDENTITY_ENDPOINT'));
      process.env.IDENTITY_ENDPOINT = (await startRefusing(origin)) + pathname;
      const credential = createCredential({ managedIdentity: true });
      return () => credential.getToken('https://vault.azure.net/.default');
    },
  ],
];

describe('the pauses between the tries at', () => {
  it.each(questions)('%s are drawn at random, as docs/reliability.md says', async (_name, start) => {
    const ask = await start();
    // The libraries, which have timers of their own, are loaded with the first question.
    await failureOf(ask());
    expect(await pausesOf(0, ask)).toEqual([50, 100]);
    expect(await pausesOf(0.999_999, ask)).toEqual([100, 200]);
  });
});
