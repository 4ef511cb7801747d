import { beforeEach, describe, expect, it } from '@jest/globals';
import { keyNames, makeKey } from '../../dev/key-vault/make-key.ts';
import { createRestApi } from '../../scripts/azd/rest-api.ts';
import { createVault, seedKeys } from '../../scripts/azd/vault.ts';
import { checkSecretValue } from '../../src/auth/secret-values.ts';
import { secretNames } from '../../src/stores/secrets.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { deployer, startApi, token, type FakeApi } from './azure-api.ts';

const vaultId =
  '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-dev/providers/Microsoft.KeyVault/vaults/kv-abc';

const keep = stopAfterEach();

let secrets: Map<string, string[]>;
let manager: FakeApi;

/** Secrets as Azure Resource Manager shows them: without their values. */
beforeEach(async () => {
  secrets = new Map();
  const starting = startApi(({ method, path, body }) => {
    const name = path.slice(`${vaultId}/secrets/`.length);
    if (!path.startsWith(`${vaultId}/secrets/`)) return [404, { error: { code: 'ResourceNotFound' } }];
    if (method === 'PUT') {
      const { value } = (body as { properties: { value: string } }).properties;
      secrets.set(name, [value, ...(secrets.get(name) ?? [])]);
    }
    if (!secrets.has(name)) return [404, { error: { code: 'SecretNotFound' } }];
    return [200, { id: path, properties: { attributes: { enabled: true } } }];
  });
  manager = await keep(starting);
});

async function seed(): Promise<string[]> {
  const lines: string[] = [];
  await seedKeys(createVault(manager.api, vaultId), (line) => lines.push(line));
  return lines;
}

describe('the keys of the vault', () => {
  it('are all the secrets of the server but Entra’s own', () => {
    expect([...keyNames, 'entra-client-secret'].sort()).toEqual([...secretNames].sort());
  });

  it.each(keyNames)('%s is made in the form that the server reads, never twice the same', async (name) => {
    const [value, other] = [makeKey(name), makeKey(name)];
    await expect(checkSecretValue(name, { id: '1', value })).resolves.toBeUndefined();
    expect(value).not.toBe(other);
  });

  it('are made where there are none, as whoever is signed in', async () => {
    expect(await seed()).toEqual(keyNames.map((name) => `${name}: made`));
    for (const name of keyNames) {
      const [value = ''] = secrets.get(name) ?? [];
      await checkSecretValue(name, { id: '1', value });
    }
    expect(new Set(manager.calls.map((call) => call.authorization))).toEqual(new Set([`Bearer ${token}`]));
    expect(new Set(manager.calls.map((call) => call.query))).toEqual(new Set(['?api-version=2024-11-01']));
  });

  it('are left alone where there are some', async () => {
    secrets.set('cookie-key', ['the one of production']);
    expect(await seed()).toEqual([
      'session-signing-key: made',
      'cookie-key: is there',
      'encryption-key: made',
    ]);
    await seed();
    expect(secrets.get('cookie-key')).toEqual(['the one of production']);
    expect([...secrets.values()].map((versions) => versions.length)).toEqual([1, 1, 1]);
  });

  it('are rotated by a new version beside the old ones', async () => {
    await seed();
    const [old] = secrets.get('session-signing-key') ?? [];
    await createVault(manager.api, vaultId).addVersion('session-signing-key');
    const versions = secrets.get('session-signing-key') ?? [];
    expect([versions.length, versions[1]]).toEqual([2, old]);
    expect(versions[0]).not.toBe(old);
  });

  it('are not shown to anybody: what is told names them alone', async () => {
    const lines = (await seed()).join('\n');
    for (const [value = ''] of secrets.values()) expect(lines).not.toContain(value.slice(0, 20));
  });
});

describe('a vault that cannot be used', () => {
  it('is told with Azure’s code, and without what was sent', async () => {
    const refusing = await keep(
      startApi(() => [403, { error: { code: 'AuthorizationFailed', message: 'PRIVATE' } }]),
    );
    const attempt = createVault(refusing.api, vaultId).addVersion('cookie-key');
    await expect(attempt).rejects.toThrow(
      `PUT ${refusing.url}${vaultId}/secrets/cookie-key answered 403 AuthorizationFailed`,
    );
    await attempt.catch((error: unknown) => expect(String(error)).not.toContain('PRIVATE'));
  });

  it('is told as such where the answer has no code of Azure’s', async () => {
    const other = await keep(startApi(() => [502, { error: 'PRIVATE' }]));
    await expect(createVault(other.api, vaultId).has('cookie-key')).rejects.toThrow(/ answered 502 no code$/);
  });

  it('is found out before anything is sent: a wrong id, a plain connection, nobody signed in', async () => {
    expect(() => createVault(manager.api, '/subscriptions/x')).toThrow('AZURE_KEY_VAULT_ID');
    expect(() => createRestApi('http://management.azure.com', deployer)).toThrow('is not https');
    const nobody = createRestApi(manager.url, { getToken: () => Promise.resolve(null) });
    await expect(createVault(nobody, vaultId).has('cookie-key')).rejects.toThrow('azd auth login');
    expect(manager.calls).toEqual([]);
  });
});
