import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LocalIdentity } from '../../dev/identity-endpoint.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../../dev/key-vault/server.ts';
import { trustCertificates } from '../../dev/trust.ts';
import { createCredential } from '../../src/azure/credential.ts';
import { createKeyVaultSecrets } from '../../src/azure/key-vault-secrets.ts';
import { createSecretChecks } from '../../src/azure/secret-checks.ts';
import { AppError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import type { SecretVersion } from '../../src/stores/secrets.ts';
import { refusalOf } from '../support/failure-of.ts';
import { sharedIdentity } from '../support/shared-services.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { takePort } from '../support/take-port.ts';

const keep = stopAfterEach();

const authority = process.env.TEST_ENTRA_AUTHORITY ?? '';
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

let vault: LocalKeyVault;
let now: number;
let lines: string[];

async function startVault(changes: Partial<LocalIdentity> = {}): Promise<LocalKeyVault> {
  const seed = { 'cookie-key': 'first-value' };
  const started = await startLocalKeyVault({
    port: 0,
    authority,
    identity: { ...sharedIdentity(), ...changes },
    seed,
  });
  trustCertificates(started.certificate);
  return started;
}

beforeEach(async () => {
  vault = await startVault();
  now = Date.now();
  lines = [];
});

afterEach(() => vault.stop());

/** With the real SDK and the real credential, which asks the identity endpoint of global-setup. */
function createSecrets({ url = vault.url, deadlineMs = 5_000 } = {}) {
  return createKeyVaultSecrets(
    { url },
    {
      credential: createCredential({ managedIdentity: true }),
      now: () => now,
      log: createLog((_level, line) => lines.push(line), 'debug'),
      deadlineMs,
    },
  );
}

function valuesOf(versions: readonly SecretVersion[]): string[] {
  return versions.map(({ value }) => value);
}

/** Reads until the background has brought the expected values. */
async function readUntil(read: () => Promise<readonly SecretVersion[]>, expected: readonly string[]) {
  let values: string[] = [];
  for (let attempt = 0; attempt < 1_500; attempt += 1) {
    values = valuesOf(await read());
    if (values.join() === expected.join()) return;
    await sleep(10);
  }
  throw new Error(`still ${values.join()}`);
}

describe('the secrets of a Key Vault', () => {
  it('are the enabled versions within their dates, newest first, at most five, from every page', async () => {
    for (let number = 2; number <= 30; number += 1) vault.set('cookie-key', `value-${number}`);
    vault.disable('cookie-key');
    const seconds = Math.floor(now / second);
    vault.set('cookie-key', 'not yet valid', { nbf: seconds + 3_600 });
    vault.set('cookie-key', 'expired', { exp: seconds - 1 });
    const versions = await createSecrets().read('cookie-key');
    expect(valuesOf(versions)).toEqual(['value-29', 'value-28', 'value-27', 'value-26', 'value-25']);
    expect(new Set(versions.map(({ id }) => id)).size).toBe(5);
  });

  it('are read once for many readers, and a version’s value never again', async () => {
    const secrets = createSecrets();
    await Promise.all(Array.from({ length: 20 }, () => secrets.read('cookie-key')));
    // The challenge, the list and the value.
    expect(vault.requests).toBe(3);
    vault.set('cookie-key', 'second-value');
    now += 10 * second;
    expect(valuesOf((await secrets.refresh('cookie-key')) ?? [])).toEqual(['second-value', 'first-value']);
    expect(vault.requests).toBe(5);
  });

  it('stay for five minutes, then are renewed while the reader gets the old ones', async () => {
    const secrets = createSecrets();
    await secrets.read('cookie-key');
    vault.set('cookie-key', 'second-value');
    now += 5 * minute - 1;
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['first-value']);
    expect(vault.requests).toBe(3);
    now += 1;
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['first-value']);
    await readUntil(() => secrets.read('cookie-key'), ['second-value', 'first-value']);
  });

  it('are waited for when they are ten minutes old: a disabled version has gone by then', async () => {
    const secrets = createSecrets();
    const old = vault.set('cookie-key', 'second-value');
    await secrets.read('cookie-key');
    vault.disable('cookie-key', old);
    now += 10 * minute;
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['first-value']);
  });

  it('are looked for again on request, not more often than every two seconds', async () => {
    const secrets = createSecrets();
    await secrets.read('cookie-key');
    vault.set('cookie-key', 'second-value');
    now += 2 * second - 1;
    expect(await secrets.refresh('cookie-key')).toBeUndefined();
    now += 1;
    expect(valuesOf((await secrets.refresh('cookie-key')) ?? [])).toEqual(['second-value', 'first-value']);
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['second-value', 'first-value']);
  });

  it('come from the cache for twelve hours while the vault is out, then are unavailable, then are back', async () => {
    const secrets = createSecrets();
    await secrets.read('cookie-key');
    vault.outage(true);
    now += 12 * hour - 1;
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['first-value']);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        level: 'warn',
        event: 'secret_from_cache',
        detail: 'cookie-key: status 503 ServiceUnavailable',
      }),
    ]);
    expect(await refusalOf(secrets.refresh('cookie-key'))).toMatchObject({ code: 'secrets_unavailable' });
    now += 1;
    expect(await refusalOf(secrets.read('cookie-key'))).toMatchObject({ code: 'secrets_unavailable' });
    vault.outage(false);
    expect(valuesOf(await secrets.read('cookie-key'))).toEqual(['first-value']);
  });

  it('are unavailable when they were never read and the vault is out, or not there', async () => {
    vault.outage(true);
    expect(await refusalOf(createSecrets().read('cookie-key'))).toMatchObject({
      code: 'secrets_unavailable',
      detail: 'cookie-key: status 503 ServiceUnavailable',
    });
    const elsewhere = createSecrets({ url: 'https://127.0.0.1:1' });
    expect(await refusalOf(elsewhere.read('cookie-key'))).toMatchObject({
      code: 'secrets_unavailable',
      detail: 'cookie-key: no usable answer (ECONNREFUSED)',
    });
  });

  it('are unavailable when the vault says nothing before the deadline', async () => {
    const { port } = await keep(takePort());
    const secrets = createSecrets({ url: `https://127.0.0.1:${port}`, deadlineMs: 50 });
    expect(await refusalOf(secrets.read('cookie-key'))).toMatchObject({
      code: 'secrets_unavailable',
      detail: 'cookie-key: no answer within 50 ms',
    });
  });

  it('are missing where the vault has none or all are disabled, and are looked for again after two seconds', async () => {
    const secrets = createSecrets();
    expect(await refusalOf(secrets.read('encryption-key'))).toMatchObject({
      code: 'secret_missing',
      detail: 'encryption-key: the vault has no enabled version',
    });
    vault.disable('cookie-key');
    expect(await refusalOf(secrets.read('cookie-key'))).toMatchObject({ code: 'secret_missing' });

    vault.set('encryption-key', 'made by the operator');
    expect(await refusalOf(secrets.read('encryption-key'))).toMatchObject({ code: 'secret_missing' });
    now += 2 * second;
    expect(valuesOf(await secrets.read('encryption-key'))).toEqual(['made by the operator']);
  });

  it('are missing when the last version is disabled, whatever is cached', async () => {
    const secrets = createSecrets();
    await secrets.read('cookie-key');
    vault.disable('cookie-key');
    now += 10 * minute;
    expect(await refusalOf(secrets.read('cookie-key'))).toMatchObject({ code: 'secret_missing' });
  });

  it('are unusable when the newest is empty, and no older empty one is given', async () => {
    const id = vault.set('cookie-key', ' ');
    expect(await refusalOf(createSecrets().read('cookie-key'))).toMatchObject({
      code: 'secret_unusable',
      detail: `cookie-key: version ${id} is empty`,
    });
    vault.set('cookie-key', 'third-value');
    expect(valuesOf(await createSecrets().read('cookie-key'))).toEqual(['third-value', 'first-value']);
  });

  it('are unavailable without the role, or with a token that the vault does not take, which the log says', async () => {
    for (const [changes, answer] of [
      [{ subject: 'another identity' }, 'status 403 Forbidden'],
      [{ issuer: 'https://another.example' }, 'status 401 Unauthorized'],
    ] as const) {
      await vault.stop();
      vault = await startVault(changes);
      expect(await refusalOf(createSecrets().read('cookie-key'))).toMatchObject({
        code: 'secrets_unavailable',
        detail: `cookie-key: ${answer}: does the identity have the role Key Vault Secrets User?`,
      });
    }
  });

  it('are in no error and no log line', async () => {
    const secrets = createSecrets();
    await secrets.read('cookie-key');
    vault.outage(true);
    now += 10 * minute;
    await secrets.read('cookie-key');
    now += 12 * hour;
    const unavailable = await refusalOf(secrets.read('cookie-key'));
    const missing = await refusalOf(secrets.read('encryption-key'));
    const told = inspect([unavailable, missing, lines], { depth: null, showHidden: true });
    expect(told).toContain('secrets_unavailable');
    expect(told).not.toMatch(/first-value|Bearer|eyJ/);
  });
});

describe('the checks of the secrets', () => {
  it('name each secret and fail with what is wrong with it', async () => {
    vault.set('encryption-key', 'too short');
    const checks = createSecretChecks(
      createSecrets(),
      ['cookie-key', 'encryption-key', 'session-signing-key'],
      (name) => {
        if (name === 'encryption-key') throw new AppError('secret_unusable');
      },
    );
    expect(Object.keys(checks)).toEqual([
      'secret_cookie-key',
      'secret_encryption-key',
      'secret_session-signing-key',
    ]);
    await checks['secret_cookie-key']?.();
    const run = async (name: string) => checks[name]?.();
    expect(await refusalOf(run('secret_encryption-key'))).toMatchObject({ code: 'secret_unusable' });
    expect(await refusalOf(run('secret_session-signing-key'))).toMatchObject({ code: 'secret_missing' });
  });
});
