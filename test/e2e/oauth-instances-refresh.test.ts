import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Upstream } from '../oauth/upstream.ts';
import { startCluster, type Cluster } from '../support/instances.ts';
import {
  answersOf,
  me,
  obtainTokens,
  readTokens,
  refresh,
  registerClient,
  revoke,
  type RawClient,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';
import { dumpTables } from '../support/table-dump.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';

/** How long a repeat is forgiven, a confirmation counts and a revocation may go unnoticed, and a little. */
const minute = 61_000;
const refused = { status: 400, body: { error: 'invalid_grant' } };

let upstream: Upstream;
let cluster: Cluster;

beforeAll(async () => {
  upstream = await startTrustingUpstream();
  cluster = await startCluster({ ENTRA_AUTHORITY: upstream.authority });
});
afterEach(() => {
  upstream.tokenRequests.length = 0;
});
afterAll(async () => {
  await cluster.stop();
  await upstream.stop();
});

function refreshAtOnce(client: RawClient, refreshToken: string, times = 20): Promise<TokenReply[]> {
  return Promise.all(Array.from({ length: times }, () => refresh(cluster.url, client, refreshToken)));
}

async function countRefreshTokens(): Promise<number> {
  return (await dumpTables(cluster.environment)).RefreshTokens.length;
}

function upstreamRefreshes(): number {
  return upstream.tokenRequests.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;
}

describe('S16: refresh tokens on two instances', () => {
  it('S16: rotate once however many refresh at once, and everyone gets the same reply', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const before = await countRefreshTokens();
    const replies = await refreshAtOnce(client, refreshToken);
    const [{ body: first }] = replies as [TokenReply];
    for (const { status, body, headers } of replies) {
      expect({ status, body }).toEqual({ status: 200, body: first });
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(first.refresh_token).not.toBe(refreshToken);
    // One successor: the chain has not forked.
    expect(await countRefreshTokens()).toBe(before + 1);
  });

  it('S16: go on from the one reply, generation after generation', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const seen = new Set([refreshToken]);
    let current = refreshToken;
    for (let generation = 1; generation <= 4; generation += 1) {
      const replies = (await refreshAtOnce(client, current, 4)).map(readTokens);
      expect(new Set(replies.map((reply) => reply.refreshToken)).size).toBe(1);
      const [next = { refreshToken: '', accessToken: '' }] = replies;
      current = next.refreshToken;
      seen.add(current);
      expect(seen.size).toBe(generation + 1);
      expect(await answersOf(cluster.url, next.accessToken)).toEqual([200, 200]);
    }
  });

  it('S16: give the immediate predecessor the same reply again, on either instance', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const first = await refresh(cluster.url, client, refreshToken);
    await cluster.advance(40_000);
    const again = await refresh(cluster.url, client, refreshToken);
    const onceMore = await refresh(cluster.url, client, refreshToken);
    expect([again, onceMore]).toMatchObject([
      { status: 200, body: first.body },
      { status: 200, body: first.body },
    ]);
    readTokens(await refresh(cluster.url, client, readTokens(first).refreshToken));
  });

  it('S16: revoke the family when a token of two generations ago comes back', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const second = readTokens(await refresh(cluster.url, client, refreshToken));
    const third = readTokens(await refresh(cluster.url, client, second.refreshToken));
    expect(await answersOf(cluster.url, third.accessToken)).toEqual([200, 200]);
    expect(await refresh(cluster.url, client, refreshToken)).toMatchObject(refused);
    expect(await refresh(cluster.url, client, third.refreshToken)).toMatchObject(refused);
    await cluster.advance(minute);
    expect(await answersOf(cluster.url, third.accessToken)).toEqual(['revoked_token', 'revoked_token']);
  });

  it('S16: revoke the family when the predecessor comes back after a minute', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const second = readTokens(await refresh(cluster.url, client, refreshToken));
    await cluster.advance(minute);
    expect(await refresh(cluster.url, client, refreshToken)).toMatchObject(refused);
    expect(await refresh(cluster.url, client, second.refreshToken)).toMatchObject(refused);
    await cluster.advance(minute);
    expect(await answersOf(cluster.url, second.accessToken)).toEqual(['revoked_token', 'revoked_token']);
  });

  it("S16: leave another client's repeat without effect", async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const stranger = await registerClient(cluster.url);
    const second = readTokens(await refresh(cluster.url, client, refreshToken));
    expect(await refresh(cluster.url, stranger, refreshToken)).toMatchObject(refused);
    await cluster.advance(minute);
    expect(await refresh(cluster.url, stranger, refreshToken)).toMatchObject(refused);
    readTokens(await refresh(cluster.url, client, second.refreshToken));
  });
});

describe('S17: the refresh at Entra behind them', () => {
  it('S17: is one, however many refresh at once', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    await cluster.advance(minute);
    upstream.tokenRequests.length = 0;
    const replies = await refreshAtOnce(client, refreshToken);
    expect(new Set(replies.map((reply) => readTokens(reply).refreshToken)).size).toBe(1);
    expect(upstreamRefreshes()).toBe(1);
  });

  it('S17: is one for calls and refreshes together, and none within a minute', async () => {
    const { client, accessToken, refreshToken } = await obtainTokens(cluster.url);
    upstream.tokenRequests.length = 0;
    const second = readTokens(await refresh(cluster.url, client, refreshToken));
    expect(await answersOf(cluster.url, accessToken)).toEqual([200, 200]);
    expect(upstreamRefreshes()).toBe(0);
    await cluster.advance(minute);
    const calls = Array.from({ length: 10 }, () => me(cluster.url, second.accessToken));
    for (const reply of await refreshAtOnce(client, second.refreshToken, 10)) readTokens(reply);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(upstreamRefreshes()).toBe(1);
  });

  it('ends the sign-in everywhere when the account has ended', async () => {
    const { client, accessToken, refreshToken } = await obtainTokens(cluster.url, { user: 'bob' });
    await upstream.setEnabled('bob@contoso.example', false);
    await cluster.advance(minute);
    try {
      expect(await answersOf(cluster.url, accessToken)).toEqual(['revoked_token', 'revoked_token']);
      expect(await refresh(cluster.url, client, refreshToken)).toMatchObject(refused);
    } finally {
      await upstream.setEnabled('bob@contoso.example', true);
    }
    expect(await refresh(cluster.url, client, refreshToken)).toMatchObject(refused);
  });
});

describe('S19: revocation on two instances', () => {
  it.each([
    ['refresh token', 'refreshToken', 'refresh_token'],
    ['access token', 'accessToken', 'access_token'],
    ['access token, said to be a refresh token', 'accessToken', 'refresh_token'],
  ] as const)('S19: by its %s ends both within a minute everywhere', async (_name, which, hint) => {
    const tokens = await obtainTokens(cluster.url);
    const { client, accessToken, refreshToken } = tokens;
    // Both instances now hold it for good.
    expect(await answersOf(cluster.url, accessToken)).toEqual([200, 200]);
    expect(await revoke(cluster.url, client, tokens[which], { token_type_hint: hint })).toMatchObject({
      status: 200,
      body: {},
    });
    expect(await refresh(cluster.url, client, refreshToken)).toMatchObject(refused);
    await cluster.advance(60_000);
    expect(await answersOf(cluster.url, accessToken)).toEqual(['revoked_token', 'revoked_token']);
    const { headers } = await me(cluster.url, accessToken);
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it("S19: leaves another client's tokens alone and answers 200 all the same", async () => {
    const { client, accessToken, refreshToken } = await obtainTokens(cluster.url);
    const stranger = await registerClient(cluster.url);
    for (const token of [accessToken, refreshToken, 'no-such-token', `${accessToken}x`]) {
      expect(await revoke(cluster.url, stranger, token)).toMatchObject({ status: 200, body: {} });
    }
    await cluster.advance(minute);
    expect(await answersOf(cluster.url, accessToken)).toEqual([200, 200]);
    readTokens(await refresh(cluster.url, client, refreshToken));
  });

  it("S19: leaves the same person's other sign-ins alone", async () => {
    const [one, other] = [await obtainTokens(cluster.url), await obtainTokens(cluster.url)];
    expect(decodeJwt(one.accessToken).sub).toBe(decodeJwt(other.accessToken).sub);
    await revoke(cluster.url, one.client, one.refreshToken);
    await cluster.advance(minute);
    expect(await answersOf(cluster.url, one.accessToken)).toEqual(['revoked_token', 'revoked_token']);
    expect(await answersOf(cluster.url, other.accessToken)).toEqual([200, 200]);
  });
});
