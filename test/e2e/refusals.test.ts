import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { describeError, type ErrorCode } from '../../src/errors.ts';
import { createTestKey, signClaims } from '../support/jwks-server.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { applicationToken, graphToken, mintToken, userToken, type MintOptions } from '../support/tokens.ts';

const metadataUrl = 'http://localhost:7071/.well-known/oauth-protected-resource/mcp';
const scope = 'api://11111111-1111-4111-8111-111111111111/mcp-server/access_as_user';

const past = { nbf: 1_700_000_000, iat: 1_700_000_000, exp: 1_700_003_600 };

/** Tokens that the local Entra signs, each wrong in one way. */
const minted: readonly (readonly [string, MintOptions, ErrorCode])[] = [
  ['an expired token', { claims: past }, 'expired_token'],
  ['a token from the future', { claims: { nbf: 4_000_000_000, exp: 4_000_003_600 } }, 'token_not_yet_valid'],
  ['a token without an end', { omit: ['exp'] }, 'invalid_claims'],
  ['a token without an object id', { omit: ['oid'] }, 'invalid_claims'],
  [
    'a v1 issuer on a v2 token',
    { claims: { iss: `https://sts.windows.net/${users.alice.tenantId}/` } },
    'wrong_issuer',
  ],
  [
    'the issuer of another tenant',
    { claims: { iss: 'https://sts.windows.net/evil/' }, version: '1.0' },
    'wrong_issuer',
  ],
  ['an ID token', { base: 'id:alice' }, 'wrong_audience'],
  [
    'an ID token for this very API',
    { base: 'id:alice', claims: { aud: 'a9900000-0000-4000-8000-000000000001' } },
    'id_token',
  ],
  ['a user without the scope', { claims: { scp: 'other' } }, 'missing_scope'],
  ['roles alone on a user', { base: 'user:bob', omit: ['scp'] }, 'id_token'],
];

describe('POST /mcp refuses', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  function save(authorization: string | undefined): Promise<Response> {
    return fetch(server.mcpUrl, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...(authorization !== undefined && { Authorization: authorization }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'save_user_note', arguments: { text: 'must not be written' } },
      }),
    });
  }

  /** Everything a refusal must be: status, code, challenge, log, and nothing written for anyone. */
  async function expectRefusal(authorization: string | undefined, code: ErrorCode): Promise<void> {
    const response = await save(authorization);
    const { status, oauth, message } = describeError(code);
    expect(await response.json()).toEqual({
      error: oauth ?? code,
      error_description: message,
      code,
      request_id: response.headers.get('x-request-id'),
    });
    expect(response.status).toBe(status);
    const error =
      oauth === undefined ? '' : `error="${oauth}", error_description="${message.replaceAll('"', "'")}", `;
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer ${error}scope="${scope}", resource_metadata="${metadataUrl}"`,
    );
    expect(server.lines.at(-1)).toMatchObject({ event: 'request', status, error: code });
    const token = authorization?.split(' ').at(-1);
    if (token !== undefined && token.length > 40) expect(JSON.stringify(server.lines)).not.toContain(token);
  }

  it.each([
    ['no token', undefined, 'missing_token'],
    ['Basic credentials', 'Basic dXNlcjpwYXNzd29yZA==', 'unsupported_scheme'],
    ['an opaque token', 'Bearer opaque', 'malformed_token'],
    ['nonsense in the shape of a token', 'Bearer aaaa.bbbb.cccc', 'malformed_token'],
  ] as const)('%s', (_what, authorization, code) => expectRefusal(authorization, code));

  it.each(minted)('%s', async (_what, options, code) => {
    await expectRefusal(`Bearer ${await mintToken(options)}`, code);
  });

  it('a token of the other tenant', async () => {
    await expectRefusal(`Bearer ${await userToken('carol')}`, 'wrong_tenant');
  });

  it('a token for Microsoft Graph', async () => {
    await expectRefusal(`Bearer ${await graphToken('alice')}`, 'wrong_audience');
  });

  it('an application without the role', async () => {
    await expectRefusal(`Bearer ${await applicationToken('daemon')}`, 'missing_role');
  });

  it('a token whose signature was changed', async () => {
    const token = await userToken('alice');
    const at = token.length - 10;
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    await expectRefusal(`Bearer ${changed}`, 'invalid_signature');
  });

  it('a token signed by a key that Entra does not publish', async () => {
    await expectRefusal(
      `Bearer ${await signClaims(await createTestKey('foreign'), {})}`,
      'unknown_signing_key',
    );
  });

  it('a client application that is not listed, with 403 and no challenge: signing in again would not help', async () => {
    const { url, stop } = await startServer({
      ...server.environment,
      ENTRA_ALLOWED_CLIENT_IDS: '99999999-9999-4999-8999-999999999999',
    });
    const headers = { Authorization: `Bearer ${await userToken('alice')}` };
    const response = await fetch(`${url}/me`, { headers });
    await stop();
    expect(response.status).toBe(403);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toMatchObject({ error: 'access_denied', code: 'client_not_allowed' });
  });

  it('all of these without writing anything for anyone', async () => {
    for (const token of [await userToken('alice'), await userToken('bob'), await applicationToken('smoke')]) {
      const params = { name: 'get_user_notes', arguments: {} };
      const response = await createRawMcp(server.mcpUrl, token).post({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params,
      });
      expect(await response.json()).toMatchObject({ result: { structuredContent: { notes: [] } } });
    }
  });
});

describe('tokens that are accepted', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  async function me(token: string, url = server.url): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url}/me`, { headers: { Authorization: `Bearer ${token}` } });
    return { status: response.status, body: await response.json() };
  }

  it('takes v1 and v2 tokens of users and applications', async () => {
    const alice = { kind: 'user', objectId: users.alice.oid, scopes: ['access_as_user'] };
    expect(await me(await userToken('alice'))).toMatchObject({ status: 200, body: alice });
    expect(await me(await userToken('alice', 'apiV1'))).toMatchObject({ status: 200, body: alice });
    const smoke = { kind: 'application', roles: ['Mcp.Invoke'] };
    expect(await me(await applicationToken('smoke'))).toMatchObject({ status: 200, body: smoke });
    expect(await me(await applicationToken('smoke', 'apiV1'))).toMatchObject({ status: 200, body: smoke });
  });

  it('takes tokens of another tenant once it is listed', async () => {
    const other = await startServer({ ...server.environment, ENTRA_ALLOWED_TENANTS: users.carol.tenantId });
    const answer = await me(await userToken('carol'), other.url);
    await other.stop();
    expect(answer).toMatchObject({ status: 200, body: { tenantId: users.carol.tenantId } });
  });

  it('goes on verifying through a key rotation', async () => {
    const before = await userToken('alice');
    await fetch(`${server.environment.ENTRA_AUTHORITY ?? ''}/dev/rotate-keys`, { method: 'POST' });
    expect((await me(before)).status).toBe(200);
    const fresh = await startServer(server.environment);
    const answer = await me(await userToken('alice'), fresh.url);
    await fresh.stop();
    expect(answer.status).toBe(200);
  });

  it('says 503 with Retry-After, not 401, while the signing keys cannot be had', async () => {
    const { url, stop } = await startServer({ ...server.environment, ENTRA_AUTHORITY: 'http://127.0.0.1:9' });
    const response = await fetch(`${url}/me`, {
      headers: { Authorization: `Bearer ${await userToken('alice')}` },
    });
    const health = await fetch(`${url}/health`);
    const alive = await fetch(`${url}/healthz`);
    await stop();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toMatchObject({ code: 'signing_keys_unavailable' });
    expect([health.status, alive.status]).toEqual([503, 200]);
    expect(await health.json()).toMatchObject({
      status: 'failed',
      checks: {
        tables: { status: 'ok' },
        signing_keys: { status: 'failed', code: 'signing_keys_unavailable' },
      },
    });
  });
});
