import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { users } from '../../dev/entra/directory.ts';
import type { FaultyProxy } from '../azure/faulty-proxy.ts';
import { startObservedServer, type ObservedServer } from '../support/observed-server.ts';
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
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { dumpTables } from '../support/table-dump.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';
import type { Upstream } from './upstream.ts';

const minute = 61_000;
const refused = { status: 400, body: { error: 'invalid_grant' } };

let observed: ObservedServer;
let storage: FaultyProxy;
let upstream: Upstream;
let server: TestServer;
let client: RawClient;
let advanceMs = 0;
beforeAll(async () => {
  upstream = await startTrustingUpstream();
  observed = await startObservedServer(
    { ENTRA_AUTHORITY: upstream.authority },
    { now: () => Date.now() + advanceMs },
  );
  ({ server, storage } = observed);
  client = await registerClient(server.url);
});
afterEach(async () => {
  storage.faultOf = undefined;
  upstream.beforeToken = () => Promise.resolve();
  advanceMs = 0;
  await upstream.setEnabled(users.bob.username, true);
});
afterAll(async () => {
  await observed.stop();
  await upstream.stop();
});

/** Whether it writes to the table. */
function writesTo(table: string, { method, url = '' }: IncomingMessage): boolean {
  return method !== 'GET' && url.includes(table);
}

function linesOf(event: string): readonly Record<string, unknown>[] {
  return server.lines.filter((line) => line.event === event);
}

describe('a code', () => {
  it('S4: lives two minutes', async () => {
    const [inTime, late] = [await signIn(server.url, client), await signIn(server.url, client)];
    advanceMs = 90_000;
    expect((await redeem(server.url, client, inTime)).status).toBe(200);
    advanceMs = 120_001;
    expect(await redeem(server.url, client, late)).toMatchObject(refused);
    advanceMs = 0;
    // It was not used up; it had ended.
    expect((await redeem(server.url, client, late)).status).toBe(200);
  });

  it('S4: is for the person who signed in and the resource, whoever signs in beside', async () => {
    const people = ['alice', 'bob', 'alice'] as const;
    const codes = await Promise.all(people.map((user) => signIn(server.url, client, { user })));
    for (const [index, signedIn] of codes.entries()) {
      const { oid, tenantId } = users[people[index] ?? 'alice'];
      const { accessToken } = readTokens(await redeem(server.url, client, signedIn));
      expect(decodeJwt(accessToken)).toMatchObject({
        sub: `${tenantId}.${oid}`,
        oid,
        aud: `${server.url}/mcp`,
        client_id: client.clientId,
      });
    }
  });

  it('S5: is used up by one of two that found it unused, and the other changes nothing', async () => {
    const signedIn = await signIn(server.url, client);
    const both = Promise.withResolvers<undefined>();
    let writers = 0;
    storage.faultOf = async (request) => {
      if (!writesTo('Codes', request)) return undefined;
      writers += 1;
      if (writers === 2) both.resolve(undefined);
      await both.promise;
      return undefined;
    };
    const replies = await Promise.all([1, 2].map(() => redeem(server.url, client, signedIn)));
    storage.faultOf = undefined;
    const [won, lost] = replies.sort((left, right) => left.status - right.status);
    expect(lost).toMatchObject(refused);
    if (won === undefined) throw new Error('no reply');
    const { refreshToken, accessToken } = readTokens(won);
    expect((await me(server.url, accessToken)).status).toBe(200);
    expect((await refresh(server.url, client, refreshToken)).status).toBe(200);
  });

  it('S5, S27: is not lost with its answer when only the housekeeping after it fails', async () => {
    const fresh = await registerClient(server.url);
    const signedIn = await signIn(server.url, fresh);
    let isUsed = false;
    storage.faultOf = (request) => {
      isUsed ||= writesTo('Codes', request);
      return isUsed && request.url?.includes('Clients') === true ? '503' : undefined;
    };
    const reply = await redeem(server.url, fresh, signedIn);
    storage.faultOf = undefined;
    const { accessToken, refreshToken } = readTokens(reply);
    expect((await me(server.url, accessToken)).status).toBe(200);
    expect(linesOf('housekeeping_failed').at(-1)).toMatchObject({ level: 'warn' });
    expect((await refresh(server.url, fresh, refreshToken)).status).toBe(200);
  });
});

describe('a refresh', () => {
  it('S16: that was accepted within the grace and settles after it does not fork the chain', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client });
    const first = await refresh(server.url, client, refreshToken);
    // Well within the minute, however long a busy machine takes to get there.
    advanceMs = 30_000;
    storage.faultOf = (request) => {
      // Its own new token is what it writes once it was accepted.
      if (writesTo('RefreshTokens', request)) advanceMs = 75_000;
      return undefined;
    };
    const slow = await refresh(server.url, client, refreshToken);
    storage.faultOf = undefined;
    expect(advanceMs).toBe(75_000);
    expect(slow).toMatchObject({ status: 200, body: first.body });
    // Of this sign-in there are the token that was presented and its one successor.
    const { refreshToken: successor } = readTokens(first);
    const before = (await dumpTables(server.environment)).RefreshTokens.length;
    const next = readTokens(await refresh(server.url, client, successor));
    expect((await dumpTables(server.environment)).RefreshTokens.length).toBe(before + 1);
    expect((await me(server.url, next.accessToken)).status).toBe(200);
  });

  /** Runs work when the refresh writes to the table for the nth time, before that write. */
  function beforeWrite(table: string, nth: number, work: () => Promise<unknown>): void {
    let writes = 0;
    storage.faultOf = async (request) => {
      if (!writesTo(table, request)) return undefined;
      writes += 1;
      if (writes === nth) {
        storage.faultOf = undefined;
        await work();
      }
      return undefined;
    };
  }

  it('S19: gets nothing when its token is revoked after it was read', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client });
    const before = (await dumpTables(server.environment)).RefreshTokens.length;
    beforeWrite('RefreshTokens', 1, () => revoke(server.url, client, refreshToken));
    expect(await refresh(server.url, client, refreshToken)).toMatchObject(refused);
    // The one that was revoked is gone and has no successor.
    expect((await dumpTables(server.environment)).RefreshTokens.length).toBe(before - 1);
    expect(await refresh(server.url, client, refreshToken)).toMatchObject(refused);
  });

  it('S19: gets nothing of use when its grant ends after it was read', async () => {
    const { accessToken, refreshToken } = await obtainTokens(server.url, { client });
    // When it saves what it is about to give.
    beforeWrite('RefreshTokens', 2, () => revoke(server.url, client, accessToken));
    const late = readTokens(await refresh(server.url, client, refreshToken));
    const answer = await me(server.url, late.accessToken);
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_token', code: 'revoked_token' }),
    ]);
    for (const token of [late.refreshToken, refreshToken]) {
      expect(await refresh(server.url, client, token)).toMatchObject(refused);
    }
  });

  it('S19: does not bring back a grant that ends while its account is confirmed', async () => {
    const { accessToken, refreshToken } = await obtainTokens(server.url, { client });
    advanceMs = minute;
    upstream.beforeToken = () => revoke(server.url, client, accessToken);
    expect(await refresh(server.url, client, refreshToken)).toMatchObject(refused);
    upstream.beforeToken = () => Promise.resolve();
    expect(await refresh(server.url, client, refreshToken)).toMatchObject(refused);
    expect((await me(server.url, accessToken)).status).toBe(401);
  });

  it('is refused with why and which client in the log', async () => {
    expect(await refresh(server.url, client, 'no-such-token')).toMatchObject(refused);
    expect(linesOf('request').at(-1)).toMatchObject({
      level: 'warn',
      route: '/auth/token',
      status: 400,
      error: 'invalid_grant',
      client: client.clientId,
    });
    const stranger = { clientId: 'nobody' };
    expect(await refresh(server.url, stranger, 'no-such-token')).toMatchObject({ status: 401 });
    expect(linesOf('request').at(-1)).toMatchObject({ error: 'invalid_client', client: 'nobody' });
  });

  it('that Entra does not allow any more ends the grant, and the log has Entra’s number and no name', async () => {
    const { refreshToken } = await obtainTokens(server.url, { client, user: 'bob' });
    await upstream.setEnabled(users.bob.username, false);
    advanceMs = minute;
    expect(await refresh(server.url, client, refreshToken)).toMatchObject(refused);
    const ended = linesOf('grant_ended').at(-1);
    expect(ended).toMatchObject({ level: 'info', reason: expect.stringContaining('AADSTS50057') });
    expect(JSON.stringify(ended)).not.toContain(users.bob.username);
  });
});

describe('an Entra that hangs', () => {
  /** Tokens whose account is due to be confirmed, at an Entra that says nothing until it is let go on. */
  async function hang() {
    const tokens = await obtainTokens(server.url, { client });
    const [asked, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    upstream.tokenRequests.length = 0;
    upstream.beforeToken = () => {
      asked.resolve(undefined);
      return released.promise;
    };
    advanceMs = minute;
    const call = () => createRawMcp(server.mcpUrl, tokens.accessToken).modern('tools/list');
    return { ...tokens, call, asked: asked.promise, release: released.resolve };
  }

  it('S17, S19: does not keep /mcp from its answer, and is not asked again for the next', async () => {
    const { call, release, refreshToken } = await hang();
    const answer = await call();
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('get_user_profile')]);
    // Behind that answer the question to Entra is still open: given up, it would be asked anew.
    release(undefined);
    expect((await refresh(server.url, client, refreshToken)).status).toBe(200);
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S19: does not keep a revocation from /mcp: the grant’s record decides', async () => {
    const { call, asked, release, refreshToken } = await hang();
    const answering = call();
    await asked;
    expect((await revoke(server.url, client, refreshToken)).status).toBe(200);
    const answer = await answering;
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_token', code: 'revoked_token' }),
    ]);
    release(undefined);
    // Joins the question that is still open, so that nothing of it outlives the test.
    expect((await call()).status).toBe(401);
  });
});
