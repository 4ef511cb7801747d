import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { clientFixtures, documentUrl } from '../oauth/clients/index.ts';
import { startClientDocuments, type DocumentServer } from '../oauth/clients/document-server.ts';
import { startCluster, type Cluster } from '../support/instances.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import {
  me,
  obtainTokens,
  readTokens,
  redeem,
  refresh,
  registerClient,
  revoke,
  signIn,
} from '../../dev/oauth-client/raw-oauth.ts';

let documents: DocumentServer;
let cluster: Cluster;

beforeAll(async () => {
  documents = await startClientDocuments(clientFixtures.filter(({ registers }) => registers === 'document'));
  cluster = await startCluster({ TEST_DOCUMENTS_PORT: String(documents.port) }, [documents.certificate]);
});
afterAll(async () => {
  await cluster.stop();
  await documents.stop();
});

describe('two instances', () => {
  it('serve every request of a sign-in in turns, and it ends in a call of a tool, a refresh and a revocation', async () => {
    const { balancer, url } = cluster;
    balancer.served.length = 0;
    const { accessToken, refreshToken, client } = await obtainTokens(url);
    const call = (token: string) =>
      createRawMcp(new URL('/mcp', url), token).modern('tools/call', {
        name: 'get_user_profile',
        arguments: {},
      });
    const first = await call(accessToken);
    expect(await first.text()).toContain(users.alice.oid);
    const renewed = readTokens(await refresh(url, client, refreshToken));
    expect(await (await call(renewed.accessToken)).text()).toContain(users.alice.oid);
    expect(await revoke(url, client, renewed.refreshToken)).toMatchObject({ status: 200, body: {} });
    expect(await refresh(url, client, renewed.refreshToken)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });

    const paths = balancer.served.map(({ method, path }) => `${method} ${path}`);
    expect(paths).toEqual([
      'POST /auth/register',
      'GET /auth/authorize',
      'GET /auth/consent',
      'POST /auth/consent',
      'GET /auth/callback',
      'POST /auth/token',
      'POST /mcp',
      'POST /auth/token',
      'POST /mcp',
      'POST /auth/revoke',
      'POST /auth/token',
    ]);
    const ports = balancer.served.map(({ port }) => port);
    expect(new Set(ports).size).toBe(2);
    for (const [index, port] of ports.entries()) expect(port).not.toBe(ports[index - 1]);
  });

  it.each([1, 2, 3])(
    'S5: give the tokens for a code to exactly one of 50 that redeem it at once (%i)',
    async () => {
      const client = await registerClient(cluster.url);
      const signedIn = await signIn(cluster.url, client);
      const replies = await Promise.all(
        Array.from({ length: 50 }, () => redeem(cluster.url, client, signedIn)),
      );
      const won = replies.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      const lost = replies.filter((reply) => !won.includes(reply));
      for (const { status, body, headers } of lost) {
        expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' });
        expect(headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  it('S5: end the grant when a code is replayed, and change nothing for a wrong code, client or verifier', async () => {
    const { url } = cluster;
    const [client, stranger] = [await registerClient(url), await registerClient(url)];
    const signedIn = await signIn(url, client);
    const refused = { status: 400, body: { error: 'invalid_grant' } };
    expect(await redeem(url, client, { ...signedIn, code: `${signedIn.code}x` })).toMatchObject(refused);
    expect(await redeem(url, stranger, signedIn)).toMatchObject(refused);
    expect(await redeem(url, client, { ...signedIn, verifier: 'v'.repeat(43) })).toMatchObject(refused);
    const tokens = readTokens(await redeem(url, client, signedIn));
    expect(await redeem(url, stranger, signedIn)).toMatchObject(refused);
    expect(await redeem(url, client, { ...signedIn, verifier: 'v'.repeat(43) })).toMatchObject(refused);
    const renewed = readTokens(await refresh(url, client, tokens.refreshToken));
    expect(await redeem(url, client, signedIn)).toMatchObject(refused);
    expect(await refresh(url, client, renewed.refreshToken)).toMatchObject(refused);
  });

  it("S20: leave a document client's other devices signed in when one signs in anew", async () => {
    const { url } = cluster;
    const claudeCode = clientFixtures.find(({ name }) => name === 'Claude Code');
    if (claudeCode === undefined) throw new Error('no Claude Code');
    const clientId = documentUrl(claudeCode);
    const deviceAt = (port: number) => ({ clientId, redirectUri: `http://localhost:${port}/callback` });
    const laptop = await obtainTokens(url, { client: deviceAt(50_001) });
    const desktop = await obtainTokens(url, { client: deviceAt(50_002) });
    const again = await obtainTokens(url, { client: deviceAt(50_003) });
    const renew = async ({ client, refreshToken }: typeof laptop) => ({
      client,
      ...readTokens(await refresh(url, client, refreshToken)),
    });
    for (const { accessToken } of [laptop, desktop, again]) {
      expect((await me(url, accessToken)).status).toBe(200);
    }
    const [onLaptop, onDesktop, third] = [await renew(laptop), await renew(desktop), await renew(again)];
    expect((await revoke(url, third.client, third.refreshToken)).status).toBe(200);
    expect(await refresh(url, third.client, third.refreshToken)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    for (const device of [onLaptop, onDesktop]) {
      expect((await me(url, (await renew(device)).accessToken)).status).toBe(200);
    }
  });
});
