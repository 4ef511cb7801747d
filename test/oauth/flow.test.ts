import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { users } from '../../dev/entra/directory.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { me, obtainTokens, readTokens, refresh } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startProxyServer();
});
afterAll(() => server.stop());

describe('a sign-in', () => {
  it('ends in tokens of this server that its own endpoints take', async () => {
    const { accessToken, refreshToken, client } = await obtainTokens(server.url);
    const answer = await me(server.url, accessToken);
    const { tenantId, oid, name, username } = users.alice as never as Record<string, string>;
    expect(await answer.json()).toMatchObject({
      kind: 'user',
      tenantId,
      objectId: oid,
      name,
      username,
      clientId: client.clientId,
      scopes: ['access_as_user'],
    });
    const renewed = readTokens(await refresh(server.url, client, refreshToken));
    expect(renewed.refreshToken).not.toBe(refreshToken);
    expect((await me(server.url, renewed.accessToken)).status).toBe(200);
  });

  it('gives an access token as RFC 9068 describes it, for this resource', async () => {
    const { accessToken, client } = await obtainTokens(server.url, { user: 'bob' });
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const claims = decodeJwt(accessToken);
    expect(claims).toMatchObject({
      iss: server.url,
      aud: `${server.url}/mcp`,
      client_id: client.clientId,
      scope: 'access_as_user',
    });
    expect(claims.sub).toBe(`${String(claims.tid)}.${String(claims.oid)}`);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3_600);
  });
});
