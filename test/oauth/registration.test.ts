import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  obtainTokens,
  post,
  refresh,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
let clock = 0;

beforeAll(async () => {
  server = await startProxyServer({}, { now: () => Date.now() + clock });
});
afterAll(() => server.stop());

function register(metadata: object, headers: Record<string, string> = {}): Promise<TokenReply> {
  return post(`${server.url}/auth/register`, metadata, headers);
}

const redirectUri = 'http://localhost/callback';

describe('registration', () => {
  it('S23: answers 201 with the metadata in force, a public client without a secret', async () => {
    const { status, headers, body } = await register({
      client_name: 'An agent',
      redirect_uris: [redirectUri, 'cursor://anysphere.cursor-mcp/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'openid everything',
      software_id: 'x',
    });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      client_name: 'An agent',
      redirect_uris: [redirectUri, 'cursor://anysphere.cursor-mcp/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    });
    expect(String(body.client_id)).toMatch(/^[\w-]{20,}$/);
    for (const name of ['client_secret', 'registration_access_token', 'scope']) {
      expect(body).not.toHaveProperty(name);
    }
  });

  it.each([
    ['javascript:alert(1)'],
    ['data:text/html,x'],
    ['file:///etc/passwd'],
    ['vbscript:x'],
    ['http://example.com/callback'],
    ['https://user@example.com/callback'],
    ['https://example.com/callback#fragment'],
    ['https://example.com/a/../callback'],
  ])('S2: refuses to send anybody to %s', async (uri) => {
    const { status, body } = await register({ redirect_uris: [redirectUri, uri] });
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_redirect_uri' });
    expect(body.error_description).toContain('redirect_uris[1]');
  });

  it.each([
    ['eleven redirect URIs', { redirect_uris: Array.from({ length: 11 }, (_, i) => `${redirectUri}/${i}`) }],
    ['a name of 101 characters', { redirect_uris: [redirectUri], client_name: 'x'.repeat(101) }],
    ['something else than an object', []],
  ])('S23: refuses %s', async (_name, metadata) => {
    const { status, body } = await register(metadata);
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_client_metadata' });
  });

  it('S23: refuses a body beyond its limit', async () => {
    const { status, body } = await register({ redirect_uris: [redirectUri], client_uri: 'x'.repeat(65_536) });
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'body_too_large' });
  });

  it('S23: honours application_type web', async () => {
    const { status, body } = await register({ redirect_uris: [redirectUri], application_type: 'web' });
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_redirect_uri' });
  });

  it('S23: is limited for each address, and only for that', async () => {
    const from = (address: string) =>
      register({ redirect_uris: [redirectUri] }, { 'X-Forwarded-For': address });
    for (let count = 1; count <= 60; count += 1) {
      expect([count, (await from('203.0.113.7')).status]).toEqual([count, 201]);
    }
    const refused = await from('203.0.113.7');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.body).not.toHaveProperty('client_id');
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(500);
    expect(refused.headers.get('ratelimit-policy')).toBe('"registration";q=60;w=600');
    expect(refused.headers.get('ratelimit')).toBe(`"registration";r=0;t=${wait}`);
    expect((await from('203.0.113.8')).status).toBe(201);
    // What stands further left in the header is what the caller says of itself.
    expect((await from('198.51.100.1, 203.0.113.7')).status).toBe(429);
  });
});

describe('a registered client', () => {
  it('S23: ends when it is not used, and then the person is told how to go on', async () => {
    const { body } = await register({ redirect_uris: [redirectUri] });
    const client = { clientId: String(body.client_id), redirectUri };
    clock = 8 * 24 * 60 * 60 * 1_000;
    try {
      const { url } = createAuthorizationRequest(server.url, client);
      const page = await fetch(url, { redirect: 'manual' });
      expect(page.status).toBe(400);
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      expect(await page.text()).toContain('add it again');
      const reply = await refresh(server.url, client, 'whatever');
      expect({ status: reply.status, error: reply.body.error }).toEqual({
        status: 401,
        error: 'invalid_client',
      });
    } finally {
      clock = 0;
    }
  });

  it('S23: outlives its tokens once it was used', async () => {
    const { client } = await obtainTokens(server.url);
    clock = 31 * 24 * 60 * 60 * 1_000;
    try {
      const { url } = createAuthorizationRequest(server.url, client);
      const answer = await fetch(url, { redirect: 'manual' });
      expect(answer.headers.get('location')).toMatch(/^\/auth\/consent\?request=/);
    } finally {
      clock = 0;
    }
  });
});
