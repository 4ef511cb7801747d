import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SecretClient } from '@azure/keyvault-secrets';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../../dev/identity-endpoint.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../../dev/key-vault/server.ts';
import { trustCertificates } from '../../dev/trust.ts';

const authority = 'https://login.example';

let folder: string;
let identity: LocalIdentityEndpoint;
let vault: LocalKeyVault;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-'));
  identity = await startLocalIdentityEndpoint({ port: 0 });
  vault = await startLocalKeyVault({ port: 0, identity, authority });
  trustCertificates(vault.certificate);
});

afterAll(async () => {
  await vault.stop();
  await identity.stop();
  rmSync(folder, { recursive: true });
});

async function getToken(resource = 'https://vault.azure.net'): Promise<string> {
  const url = `${identity.endpoint}?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;
  const response = await fetch(url, { headers: { 'X-IDENTITY-HEADER': identity.header } });
  return ((await response.json()) as { access_token: string }).access_token;
}

function createClient(url = vault.url): SecretClient {
  const credential = {
    getToken: async () => ({ token: await getToken(), expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return new SecretClient(url, credential, { disableChallengeResourceVerification: true });
}

async function send(path: string, { token = '', ...init }: RequestInit & { token?: string } = {}) {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(vault.url + path, { headers, ...init });
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe('the local Key Vault', () => {
  it('begins with the secrets that the server needs', async () => {
    const client = createClient();
    const pem = (await client.getSecret('session-signing-key')).value ?? '';
    expect(createPrivateKey(pem).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    for (const name of ['cookie-key', 'encryption-key']) {
      expect((await client.getSecret(name)).value).toMatch(/^[\w-]{43}$/);
    }
    expect((await client.getSecret('entra-client-secret')).value).toBe(apps.proxy.secret);
  });

  it('speaks to the real client: versions, attributes, pages, deletion', async () => {
    const client = createClient();
    const first = await client.setSecret('made', 'one', { expiresOn: new Date(2_000_000_000_000) });
    const second = await client.setSecret('made', 'two');
    expect((await client.getSecret('made')).value).toBe('two');
    const { version = '' } = first.properties;
    expect(await client.getSecret('made', { version })).toMatchObject({
      value: 'one',
      properties: { version, enabled: true, expiresOn: new Date(2_000_000_000_000), vaultUrl: vault.url },
    });
    await client.updateSecretProperties('made', version, { enabled: false });
    const pages: (string | undefined)[][] = [];
    for await (const page of client.listPropertiesOfSecretVersions('made').byPage({ maxPageSize: 1 })) {
      pages.push(page.map((properties) => properties.version));
    }
    expect(pages).toHaveLength(2);
    expect(pages.flat().sort()).toEqual([version, second.properties.version].sort());

    const token = await getToken();
    const path = '/secrets/made?api-version=7.5';
    expect(
      await send(path, { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } }),
    ).toMatchObject({ status: 200 });
    await expect(client.getSecret('made')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
  });

  it('lists nothing for a secret that it does not have', async () => {
    const found: unknown[] = [];
    for await (const one of createClient().listPropertiesOfSecretVersions('unknown')) found.push(one);
    expect(found).toEqual([]);
  });

  it('refuses to give a disabled version', async () => {
    vault.set('switched-off', 'value');
    vault.disable('switched-off');
    expect(await send('/secrets/switched-off?api-version=7.5', { token: await getToken() })).toMatchObject({
      status: 403,
      body: { error: { code: 'Forbidden', innererror: { code: 'SecretDisabled' } } },
    });
  });

  it.each(['none', 'another audience', 'a changed one'])(
    'challenges whoever has no token for it: %s',
    async (kind) => {
      const tokens: Record<string, string> = {
        none: '',
        'another audience': await getToken('https://storage.azure.com'),
        'a changed one': (await getToken()).replace(/\.[^.]*\./, '.e30.'),
      };
      expect(await send('/secrets/cookie-key?api-version=7.5', { token: tokens[kind] ?? '' })).toEqual({
        status: 401,
        challenge: `Bearer authorization="${authority}/${homeTenant.id}", resource="https://vault.azure.net"`,
        body: { error: { code: 'Unauthorized', message: expect.any(String) } },
      });
    },
  );

  it('asks for the version of its protocol, a sound name and a body that it understands', async () => {
    const token = await getToken();
    const refused = { status: 400, body: { error: { code: 'BadParameter' } } };
    expect(await send('/secrets/cookie-key', { token })).toMatchObject(refused);
    expect(await send('/secrets/under_score?api-version=7.5', { token })).toMatchObject(refused);
    expect(
      await send('/secrets/made?api-version=7.5', {
        method: 'PUT',
        headers: { Authorization: `Bearer ${token}` },
        body: '{"value":1}',
      }),
    ).toMatchObject(refused);
  });

  it('is out when told to be, and back when told so', async () => {
    vault.outage(true);
    expect(await send('/secrets/cookie-key?api-version=7.5')).toMatchObject({
      status: 503,
      body: { error: { code: 'ServiceUnavailable' } },
    });
    vault.outage(false);
    expect(await send('/secrets/cookie-key?api-version=7.5')).toMatchObject({ status: 401 });
  });

  it('keeps its secrets over a restart, for its owner only', async () => {
    const options = { port: 0, identity, authority, dataDir: folder };
    const first = await startLocalKeyVault(options);
    first.set('cookie-key', 'changed');
    await first.stop();
    const second = await startLocalKeyVault(options);
    trustCertificates(second.certificate);
    expect((await createClient(second.url).getSecret('cookie-key')).value).toBe('changed');
    await second.stop();
    const path = join(folder, 'secrets.json');
    expect(readFileSync(path, 'utf8')).toContain('changed');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
