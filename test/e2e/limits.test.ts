import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startProxyServer } from '../support/proxy-server.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import type { TestServer } from '../support/server.ts';
import { dumpTable, openTableOf } from '../support/table-dump.ts';
import { userToken } from '../support/tokens.ts';

let server: TestServer;
let advancedMs = 0;

beforeAll(async () => {
  server = await startProxyServer(
    { MCP_CALLS_PER_MINUTE: '2', OAUTH_CALLS_PER_MINUTE: '2', TRUSTED_PROXIES: '1' },
    { now: () => Date.now() + advancedMs },
  );
});
afterAll(() => server.stop());

async function save(user: 'alice' | 'bob', text: string): Promise<Response> {
  const mcp = createRawMcp(new URL('/mcp', server.url), await userToken(user));
  return mcp.modern('tools/call', { name: 'save_user_note', arguments: { text } });
}

async function countNotes(): Promise<number> {
  const rows = await dumpTable(openTableOf(server.environment, 'Notes'));
  return rows.filter(({ text }) => text instanceof Uint8Array).length;
}

/** A question for a token that cannot be had, from an address, by way of one trusted proxy. */
function askForToken(forwardedFor: string): Promise<Response> {
  return fetch(`${server.url}/auth/token`, {
    method: 'POST',
    headers: { 'X-Forwarded-For': forwardedFor },
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'nobody', refresh_token: 'none' }),
  });
}

function limitOf({ headers }: Response): unknown {
  return { policy: headers.get('ratelimit-policy'), left: headers.get('ratelimit')?.replace(/;t=\d+$/, '') };
}

it('lets one caller call /mcp as often as the limit says, does nothing beyond, and serves others and the next minute', async () => {
  const first = await save('alice', 'one');
  expect(limitOf(first)).toEqual({ policy: '"caller";q=2;w=60', left: '"caller";r=1' });
  expect((await save('alice', 'two')).status).toBe(200);
  const refused = await save('alice', 'three');
  expect(limitOf(refused)).toEqual({ policy: '"caller";q=2;w=60', left: '"caller";r=0' });
  expect([refused.status, await refused.json()]).toMatchObject([
    429,
    { error: { data: { code: 'too_many_calls' } } },
  ]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await countNotes()).toBe(2);
  expect((await save('bob', 'four')).status).toBe(200);
  advancedMs += 60_000;
  expect((await save('alice', 'five')).status).toBe(200);
});

it('counts /auth/token by the address that the trusted proxy wrote, whatever stands before it', async () => {
  const refusedGrant = async (from: string) => {
    const answer = await askForToken(from);
    const { code, error } = (await answer.json()) as { code?: string; error?: string };
    return [answer.status, code ?? error, limitOf(answer)];
  };
  const told = (left: number) => ({ policy: '"address";q=2;w=60', left: `"address";r=${left}` });
  const unknown = [401, 'invalid_client'];
  expect(await refusedGrant('203.0.113.7')).toEqual([...unknown, told(1)]);
  expect(await refusedGrant('198.51.100.1, 203.0.113.7')).toEqual([...unknown, told(0)]);
  const refused = await askForToken('198.51.100.2, 203.0.113.7:443');
  expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_many_calls' }]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusedGrant('203.0.113.7, 198.51.100.2')).toEqual([...unknown, told(1)]);
});

it('counts what a browser asks for with what a client asks for, and refuses with a page', async () => {
  const headers = { 'X-Forwarded-For': '203.0.113.9' };
  const visit = (path: string, method = 'GET') =>
    fetch(new URL(path, server.url), { method, headers, redirect: 'manual' });
  expect(limitOf(await visit('/auth/callback'))).toMatchObject({ left: '"address";r=1' });
  expect(limitOf(await visit('/auth/consent'))).toMatchObject({ left: '"address";r=0' });
  for (const [path, method] of [['/auth/login'], ['/auth/callback'], ['/auth/logout', 'POST']] as const) {
    const refused = await visit(path, method);
    expect([path, refused.status, refused.headers.get('content-type')]).toEqual([
      path,
      429,
      'text/html; charset=utf-8',
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await askForToken('203.0.113.9')).status).toBe(429);
});
