import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  me,
  obtainTokens,
  post,
  readTokens,
  redeem,
  refresh,
  registerClient,
  revoke,
  signIn,
  type RawClient,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
let client: RawClient;

beforeAll(async () => {
  server = await startProxyServer();
  client = await registerClient(server.url);
});
afterAll(() => server.stop());

function expectRefusal({ status, headers, body }: TokenReply, error: string, expectedStatus = 400): void {
  expect({ status, error: body.error }).toEqual({ status: expectedStatus, error });
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(body).not.toHaveProperty('access_token');
}

describe('the token endpoint, given a code', () => {
  it('S4: binds it to client, redirect URI and verifier, and a wrong attempt uses nothing up', async () => {
    const other = await registerClient(server.url);
    const signedIn = await signIn(server.url, client);
    expectRefusal(await redeem(server.url, other, signedIn), 'invalid_grant');
    const elsewhere = { ...client, redirectUri: 'http://127.0.0.1:33418/other' };
    expectRefusal(await redeem(server.url, elsewhere, signedIn), 'invalid_grant');
    const otherPort = { ...client, redirectUri: 'http://127.0.0.1:33419/callback' };
    expectRefusal(await redeem(server.url, otherPort, signedIn), 'invalid_grant');
    const verifier = randomBytes(32).toString('base64url');
    expectRefusal(await redeem(server.url, client, { ...signedIn, verifier }), 'invalid_grant');
    expectRefusal(
      await redeem(server.url, client, { ...signedIn, code: `${signedIn.code}x` }),
      'invalid_grant',
    );
    expect((await redeem(server.url, client, signedIn)).status).toBe(200);
  });

  it('S3: refuses it without a verifier, or with one that is no verifier', async () => {
    const signedIn = await signIn(server.url, client);
    const form = { grant_type: 'authorization_code', client_id: client.clientId, code: signedIn.code };
    const withoutVerifier = new URLSearchParams({ ...form, redirect_uri: client.redirectUri });
    expectRefusal(await post(`${server.url}/auth/token`, withoutVerifier), 'invalid_grant');
    expectRefusal(await redeem(server.url, client, { ...signedIn, verifier: 'short' }), 'invalid_request');
    expect((await redeem(server.url, client, signedIn)).status).toBe(200);
  });

  it('S5: ends the grant when the right client redeems it twice', async () => {
    const signedIn = await signIn(server.url, client);
    const { accessToken, refreshToken } = readTokens(await redeem(server.url, client, signedIn));
    expectRefusal(await redeem(server.url, client, signedIn), 'invalid_grant');
    expectRefusal(await refresh(server.url, client, refreshToken), 'invalid_grant');
    const answer = await me(server.url, accessToken);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: 'revoked_token' });
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('S5: leaves the grant alone when a stranger tries a redeemed code', async () => {
    const other = await registerClient(server.url);
    const signedIn = await signIn(server.url, client);
    const { refreshToken } = readTokens(await redeem(server.url, client, signedIn));
    expectRefusal(await redeem(server.url, other, signedIn), 'invalid_grant');
    const verifier = randomBytes(32).toString('base64url');
    expectRefusal(await redeem(server.url, client, { ...signedIn, verifier }), 'invalid_grant');
    expect((await refresh(server.url, client, refreshToken)).status).toBe(200);
  });

  it('S8: refuses another resource before the code is used up', async () => {
    const signedIn = await signIn(server.url, client);
    const wrong = { resource: 'https://other.example/mcp' };
    expectRefusal(await redeem(server.url, client, signedIn, wrong), 'invalid_target');
    const right = {
      resource: `${server.url.toUpperCase().replace('HTTP', 'http')}/mcp/`.replace('/MCP', '/mcp'),
    };
    expect((await redeem(server.url, client, signedIn, right)).status).toBe(200);
  });
});

describe('the token endpoint, given a refresh token', () => {
  it('S16: rotates it, and gives a repeat within the grace the very same reply', async () => {
    const first = await obtainTokens(server.url, { client });
    const reply = await refresh(server.url, client, first.refreshToken);
    const repeat = await refresh(server.url, client, first.refreshToken);
    expect(repeat.status).toBe(200);
    expect(repeat.body).toEqual(reply.body);
    const second = readTokens(reply);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    const third = readTokens(await refresh(server.url, client, second.refreshToken));
    expect((await me(server.url, third.accessToken)).status).toBe(200);
  });

  it('S16: gives a repeat that also sends a code the very same reply', async () => {
    const first = await obtainTokens(server.url, { client });
    const reply = await refresh(server.url, client, first.refreshToken, { code: 'x' });
    const repeat = await refresh(server.url, client, first.refreshToken, { code: 'x' });
    expect(readTokens(repeat)).toEqual(readTokens(reply));
    expect(readTokens(await refresh(server.url, client, first.refreshToken))).toEqual(readTokens(reply));
  });

  it('S16: ends the family when an older one than the predecessor comes back', async () => {
    const first = await obtainTokens(server.url, { client });
    const second = readTokens(await refresh(server.url, client, first.refreshToken));
    const third = readTokens(await refresh(server.url, client, second.refreshToken));
    expectRefusal(await refresh(server.url, client, first.refreshToken), 'invalid_grant');
    expectRefusal(await refresh(server.url, client, third.refreshToken), 'invalid_grant');
    expectRefusal(await refresh(server.url, client, second.refreshToken), 'invalid_grant');
  });

  it('S16: gives nothing for it to another client', async () => {
    const other = await registerClient(server.url);
    const first = await obtainTokens(server.url, { client });
    expectRefusal(await refresh(server.url, other, first.refreshToken), 'invalid_grant');
    await refresh(server.url, client, first.refreshToken);
    expectRefusal(await refresh(server.url, other, first.refreshToken), 'invalid_grant');
  });

  it('S8: refuses another resource before the token is used up', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client });
    const wrong = await refresh(server.url, client, refreshToken, { resource: 'https://other.example' });
    expectRefusal(wrong, 'invalid_target');
    const right = await refresh(server.url, client, refreshToken, { resource: `${server.url}/mcp` });
    expect(right.status).toBe(200);
  });

  it('takes scopes under their full names, and leaves out those it does not know', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client });
    const scope = 'openid claudeai api://22222222-2222-4222-8222-222222222222/other access_as_user';
    const { status, body } = await refresh(server.url, client, refreshToken, { scope });
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'access_as_user' });
  });

  it('S18: gives no access with it', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client });
    const answer = await me(server.url, refreshToken);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: 'invalid_token', code: 'malformed_token' });
  });
});

describe('the token endpoint, asked otherwise', () => {
  it.each([
    ['no parameters', {}, 'invalid_request', 400],
    [
      'an unknown client',
      { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' },
      'invalid_client',
      401,
    ],
    [
      'an unknown grant type',
      { grant_type: 'password', username: 'a', password: 'b' },
      'unsupported_grant_type',
      400,
    ],
    ['client credentials', { grant_type: 'client_credentials' }, 'unsupported_grant_type', 400],
    ['no code', { grant_type: 'authorization_code' }, 'invalid_request', 400],
  ])('S27: answers %s with RFC 6749’s code', async (_name, fields, error, status) => {
    const form = new URLSearchParams({ client_id: client.clientId, ...fields } as Record<string, string>);
    if (error === 'invalid_request' && status === 400 && Object.keys(fields).length === 0)
      form.delete('client_id');
    expectRefusal(await post(`${server.url}/auth/token`, form), error, status);
  });

  it('S27: says what to send when it is not a form', async () => {
    const reply = await post(`${server.url}/auth/token`, { grant_type: 'refresh_token' });
    expectRefusal(reply, 'invalid_request');
    expect(reply.body.error_description).toContain('application/x-www-form-urlencoded');
  });
});

describe('the revocation endpoint', () => {
  it.each(['refresh', 'access'] as const)('S19: ends the sign-in by its %s token', async (kind) => {
    const tokens = await obtainTokens(server.url, { client });
    const token = kind === 'refresh' ? tokens.refreshToken : tokens.accessToken;
    expect((await revoke(server.url, client, token)).status).toBe(200);
    expectRefusal(await refresh(server.url, client, tokens.refreshToken), 'invalid_grant');
    const answer = await me(server.url, tokens.accessToken);
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_token', code: 'revoked_token' }),
    ]);
  });

  it('S19: leaves another client’s tokens alone and says 200 all the same', async () => {
    const other = await registerClient(server.url);
    const tokens = await obtainTokens(server.url, { client });
    for (const token of [tokens.refreshToken, tokens.accessToken, 'unknown', 'a.b.c']) {
      expect((await revoke(server.url, other, token)).status).toBe(200);
    }
    expect((await me(server.url, tokens.accessToken)).status).toBe(200);
    expect((await refresh(server.url, client, tokens.refreshToken)).status).toBe(200);
  });

  it('S27: refuses a client that is not known', async () => {
    for (const token of ['x', 'a.b.c']) {
      expectRefusal(await revoke(server.url, { clientId: 'nobody' }, token), 'invalid_client', 401);
    }
  });
});
