import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { apps, tenants, users } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalEntra, LocalEntraOptions } from '../../dev/entra/server.ts';
import {
  authorizeUrl,
  createBrowser,
  follow,
  home,
  obtainCode,
  redemption,
  refresh,
  requestToken,
  signIn,
  verify,
} from './entra-client.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  jest.restoreAllMocks();
});

async function start(options: Partial<LocalEntraOptions> = {}): Promise<LocalEntra> {
  const entra = await startLocalEntra({ port: 0, ...options });
  cleanUps.push(() => entra.stop());
  return entra;
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'entra-'));
  cleanUps.push(() => rm(folder, { recursive: true }));
  return join(folder, 'data');
}

async function getJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  return (await response.json()) as Record<string, unknown>;
}

describe('the configuration document', () => {
  it('of a tenant names its own issuer, and only endpoints that answer', async () => {
    const { authority } = await start();
    const issuer = `${authority}/${home}/v2.0`;
    const document = await getJson(`${issuer}/.well-known/openid-configuration`);
    expect(document).toEqual({
      token_endpoint: `${authority}/${home}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${authority}/${home}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer,
      request_uri_parameter_supported: false,
      authorization_endpoint: `${authority}/${home}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${authority}/${home}/oauth2/v2.0/logout`,
      claims_supported: expect.arrayContaining(['sub', 'iss', 'tid']),
    });
    for (const [name, value] of Object.entries(document)) {
      if (!/_endpoint$|_uri$/.test(name)) continue;
      expect([name, (await fetch(String(value))).status]).not.toEqual([name, 404]);
    }
  });

  it.each(['common', 'organizations'])('of %s has a template in the place of the tenant', async (tenant) => {
    const { authority } = await start();
    const document = await getJson(`${authority}/${tenant}/v2.0/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      issuer: `${authority}/{tenantid}/v2.0`,
      jwks_uri: `${authority}/${tenant}/discovery/v2.0/keys`,
      token_endpoint: `${authority}/${tenant}/oauth2/v2.0/token`,
    });
    const { keys } = await getJson(String(document.jwks_uri));
    expect(keys).toMatchObject([{ issuer: document.issuer }]);
  });

  it.each(['v2.0/.well-known/openid-configuration', 'discovery/v2.0/keys'])(
    'is refused for an unknown tenant at %s',
    async (path) => {
      const { authority } = await start();
      const response = await fetch(`${authority}/nowhere.example/${path}`);
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: 'invalid_request', error_codes: [90002] },
      ]);
    },
  );
});

describe('the server', () => {
  it('answers nothing outside of Entra’s paths, in particular not those of the library beneath', async () => {
    const { authority } = await start();
    for (const path of [
      '/common/__proto__',
      '/common/constructor',
      '/authorize',
      '/token',
      '/jwks',
      '/.well-known/openid-configuration',
      `/${home}/auth`,
    ]) {
      expect([path, (await fetch(`${authority}${path}`)).status]).toEqual([path, 404]);
    }
  });

  it('says at its root what it is', async () => {
    const { authority } = await start();
    const response = await fetch(authority);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; charset=utf-8',
    ]);
    expect(await response.text()).toMatch(/^The local Microsoft Entra of .*\n$/);
  });

  it('rejects when its port is taken', async () => {
    const { port } = await start();
    await expect(startLocalEntra({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('rejects a redirect URI that a client may not have, and leaves its port free', async () => {
    const { port, stop } = await startLocalEntra({ port: 0 });
    await stop();
    await expect(startLocalEntra({ port, proxyRedirectUris: ['not a URL'] })).rejects.toThrow(
      'invalid_redirect_uri',
    );
    await start({ port });
  });

  it('takes the redirect URIs of the proxy from its options, https on loopback too', async () => {
    const redirect_uri = 'https://localhost:7443/auth/callback';
    const { authority } = await start({ proxyRedirectUris: [redirect_uri] });
    const { target } = await signIn(createBrowser(), authorizeUrl(authority, { redirect_uri }), users.alice);
    expect(target.href).toMatch(/^https:\/\/localhost:7443\/auth\/callback\?code=/);
    expect((await createBrowser()(authorizeUrl(authority))).status).toBe(400);
  });

  it('writes nothing to the console', async () => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((name) => jest.spyOn(console, name));
    const { authority } = await start();
    const code = await obtainCode(authority, users.alice);
    await refresh(authority, await requestToken(authority, redemption(code)));
    await requestToken(authority, redemption('made-up'));
    await follow(createBrowser(), authorizeUrl(authority, { prompt: 'none' }));
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  it('binds a token to a client by a federated credential', async () => {
    const issuer = await start();
    const credential = {
      clientId: apps.proxy.id,
      issuer: 'https://issuer.example',
      subject: 'repo:example/mcp:ref:refs/heads/main',
      audience: 'api://AzureADTokenExchange',
      jwksUri: `${issuer.authority}/${home}/discovery/v2.0/keys`,
    };
    const { authority } = await start({ federatedCredentials: [credential] });
    const assert = async (mint: LocalEntra, changes: object, client_id: string = apps.proxy.id) => {
      const { issuer: iss, subject: sub, audience: aud } = credential;
      const minted = await fetch(`${mint.authority}/dev/tokens`, {
        method: 'POST',
        body: JSON.stringify({ claims: { iss, sub, aud, ...changes } }),
      });
      const { token } = (await minted.json()) as { token: string };
      return requestToken(authority, {
        grant_type: 'client_credentials',
        client_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: token,
        scope: `${apps.api.id}/.default`,
      });
    };

    const { status, body } = await assert(issuer, {});
    expect(status).toBe(200);
    expect(decodeJwt(String(body.access_token))).toMatchObject({ azp: apps.proxy.id, azpacr: '2' });

    const refused = async (answer: ReturnType<typeof assert>) => {
      const { status: got, body: refusal } = await answer;
      expect([got, refusal.error]).toEqual([401, 'invalid_client']);
      return (refusal.error_codes as number[])[0];
    };
    expect(await refused(assert(issuer, { iss: 'https://other.example' }))).toBe(700211);
    expect(await refused(assert(issuer, { aud: 'api://other' }))).toBe(700212);
    expect(await refused(assert(issuer, { sub: 'repo:example/fork' }))).toBe(700213);
    expect(await refused(assert(issuer, { exp: 1 }))).toBe(700024);
    expect(await refused(assert(issuer, {}, apps.smoke.id))).toBe(700211);
    expect(await refused(assert(await start(), {}))).toBe(700027);
  });
});

describe('a restart', () => {
  it('says which file is damaged and what to do about it', async () => {
    const dataDir = await makeFolder();
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'entra-keys.json'), '{');
    await expect(startLocalEntra({ port: 0, dataDir })).rejects.toThrow(
      /entra-keys\.json is damaged; .+--fresh/,
    );
  });

  it('keeps signing keys, sessions and refresh tokens in files for their owner alone', async () => {
    const dataDir = await makeFolder();
    const before = await startLocalEntra({ port: 0, dataDir });
    const browser = createBrowser();
    const { target } = await signIn(browser, authorizeUrl(before.authority), users.alice);
    const redeemed = await requestToken(before.authority, redemption(target.searchParams.get('code') ?? ''));
    await before.stop();

    const after = await start({ dataDir });
    await verify(after.authority, redeemed.body.access_token);
    const silent = await follow(browser, authorizeUrl(after.authority, { prompt: 'none' }));
    expect(silent.target.searchParams.get('code')).toEqual(expect.any(String));
    const refreshed = await refresh(after.authority, redeemed);
    expect(refreshed.status).toBe(200);

    for (const file of ['entra-keys.json', 'entra-state.json']) {
      const { mode } = await stat(join(dataDir, file));
      if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o600);
    }
    expect(await readFile(join(dataDir, 'entra-state.json'), 'utf8')).not.toContain('AuthorizationCode:');
  });

  it('makes new keys where there is no folder', async () => {
    const first = await start();
    const second = await start();
    const kids = await Promise.all(
      [first, second].map(async ({ authority }) => {
        const { keys } = await getJson(`${authority}/${tenants.contoso.id}/discovery/v2.0/keys`);
        return (keys as { kid: string }[]).map(({ kid }) => kid);
      }),
    );
    expect(kids[0]).not.toEqual(kids[1]);
  });
});
