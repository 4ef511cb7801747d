import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  loopbackRedirect,
  obtainTokens,
  registerClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startProxyServer();
});
afterAll(() => server.stop());

async function fetchMetadata(
  { url }: Pick<TestServer, 'url'>,
  path = '/.well-known/oauth-authorization-server',
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  return (await response.json()) as Record<string, unknown>;
}

describe('the metadata of the authorization server', () => {
  it('S24: says what there is, and nothing else', async () => {
    const base = server.url;
    expect(await fetchMetadata(server)).toEqual({
      issuer: base,
      authorization_endpoint: `${base}/auth/authorize`,
      token_endpoint: `${base}/auth/token`,
      registration_endpoint: `${base}/auth/register`,
      revocation_endpoint: `${base}/auth/revoke`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      scopes_supported: ['access_as_user'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
      revocation_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      revocation_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      service_documentation: `${base}/`,
    });
  });

  it('S24: names no algorithm with a shared key', async () => {
    const metadata = await fetchMetadata(server);
    expect(JSON.stringify(metadata)).not.toMatch(/HS(256|384|512)|client_secret/);
  });

  it.each([
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
  ])('S24: says the same at %s, with the same issuer', async (path) => {
    expect(await fetchMetadata(server, path)).toMatchObject(await fetchMetadata(server));
  });

  it('S24: is the issuer that the resource names, at both of its documents', async () => {
    for (const path of ['', '/mcp']) {
      const resource = await fetchMetadata(server, `/.well-known/oauth-protected-resource${path}`);
      expect(resource).toMatchObject({
        resource: `${server.url}/mcp`,
        authorization_servers: [server.url],
        scopes_supported: ['access_as_user'],
      });
    }
  });

  it('S24: takes its URLs from the configuration, whatever a request says', async () => {
    const forged = {
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      Forwarded: 'host=evil.example',
    };
    const metadata = await fetchMetadata(server, undefined, forged);
    expect(metadata).toEqual(await fetchMetadata(server));
    expect(JSON.stringify(metadata)).not.toContain('evil.example');
  });

  it('S24: advertises no endpoint that answers 404', async () => {
    const metadata = await fetchMetadata(server);
    const endpoints = Object.entries(metadata).filter(([key]) => /_endpoint$|_uri$/.test(key));
    expect(endpoints.map(([name]) => name)).toEqual(
      expect.arrayContaining(['authorization_endpoint', 'token_endpoint', 'jwks_uri']),
    );
    for (const [name, url] of endpoints) {
      const method = name === 'authorization_endpoint' || name === 'jwks_uri' ? 'GET' : 'POST';
      expect({ name, is: (await fetch(String(url), { method })).status }).not.toEqual({ name, is: 404 });
    }
  });

  it('S24: leaves out what is switched off, and does not answer there', async () => {
    const bare = await startProxyServer({ OAUTH_DCR: 'off', OAUTH_CIMD: 'off' });
    try {
      const metadata = await fetchMetadata(bare);
      expect(metadata).not.toHaveProperty('registration_endpoint');
      expect(metadata).not.toHaveProperty('client_id_metadata_document_supported');
      expect((await fetch(`${bare.url}/auth/register`, { method: 'POST' })).status).toBe(404);
    } finally {
      await bare.stop();
    }
  });

  it('names Entra, and has nothing of this, when the proxy is off', async () => {
    const plain = await startServer();
    try {
      const resource = await fetchMetadata(plain, '/.well-known/oauth-protected-resource/mcp');
      expect(resource.authorization_servers).toEqual([
        `${String(plain.environment.ENTRA_AUTHORITY)}/${String(plain.environment.ENTRA_TENANT_ID)}/v2.0`,
      ]);
      for (const path of [
        '/.well-known/oauth-authorization-server',
        '/auth/login',
        '/.well-known/jwks.json',
      ]) {
        expect((await fetch(plain.url + path)).status).toBe(404);
      }
    } finally {
      await plain.stop();
    }
  });
});

describe('the public keys', () => {
  it('verify the access tokens, and hold nothing private', async () => {
    const { accessToken, client } = await obtainTokens(server.url);
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', server.url));
    const { payload } = await jwtVerify(accessToken, keys, {
      issuer: server.url,
      audience: `${server.url}/mcp`,
    });
    expect(payload.client_id).toBe(client.clientId);
    const { keys: published } = (await fetchMetadata(server, '/.well-known/jwks.json')) as { keys: object[] };
    expect(published.length).toBeGreaterThan(0);
    for (const key of published) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      expect(key).not.toHaveProperty('d');
    }
  });
});

describe('an authorization request', () => {
  async function ask(changes: Readonly<Record<string, string | undefined>>) {
    const client = await registerClient(server.url);
    const { url, state } = createAuthorizationRequest(server.url, client, changes);
    const response = await fetch(url, { redirect: 'manual' });
    const location = response.headers.get('location');
    return {
      status: response.status,
      location,
      to: location === null ? undefined : new URL(location),
      state,
    };
  }

  it.each([
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['no method', { code_challenge_method: undefined }],
    ['an unknown method', { code_challenge_method: 'S512' }],
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['a challenge that is none', { code_challenge: 'short' }],
  ])('S3: is refused with %s', async (_name, changes) => {
    const { to, state } = await ask(changes);
    expect(to?.href.startsWith(loopbackRedirect)).toBe(true);
    expect(Object.fromEntries(to?.searchParams ?? [])).toMatchObject({ error: 'invalid_request', state });
    expect(to?.searchParams.has('code')).toBe(false);
  });

  it.each([
    ['another resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['a silent sign-in', { prompt: 'none' }, 'interaction_required'],
    ['a request object', { request: 'a.b.c' }, 'request_not_supported'],
    ['a response in a fragment', { response_mode: 'fragment' }, 'unsupported_response_mode'],
    ['a response in a form', { response_mode: 'form_post' }, 'unsupported_response_mode'],
  ])('S6: for %s is refused by redirect, with the issuer once', async (_name, changes, error) => {
    const { to } = await ask(changes);
    expect(to?.searchParams.get('error')).toBe(error);
    expect(to?.searchParams.getAll('iss')).toEqual([server.url]);
  });

  it('S6: for a token is refused where such a client looks, in the fragment, with the issuer once', async () => {
    const { to } = await ask({ response_type: 'token' });
    const answer = new URLSearchParams(to?.hash.slice(1));
    expect(answer.get('error')).toBe('unsupported_response_type');
    expect(answer.getAll('iss')).toEqual([server.url]);
  });

  it('S6: cannot bring an issuer of its own', async () => {
    const redirect = `${loopbackRedirect}?iss=https%3A%2F%2Fevil.example`;
    const client = await registerClient(server.url, { redirect_uris: [redirect] });
    const { url } = createAuthorizationRequest(server.url, client, { code_challenge: 'short' });
    const response = await fetch(url, { redirect: 'manual' });
    const to = new URL(response.headers.get('location') ?? '');
    expect(to.searchParams.getAll('iss')).toEqual([server.url]);
  });
});
