import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startProxyServer } from '../support/proxy-server.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { openSocket } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';

const places = 10;

let server: TestServer;
beforeAll(async () => {
  server = await startProxyServer({ MAX_CONCURRENT_REQUESTS: String(places) });
});
afterAll(() => server.stop());

/** A form of a stranger's whose end does not come. */
async function sendSlowly() {
  const socket = await openSocket(Number(new URL(server.url).port));
  const head = ['POST /auth/logout HTTP/1.1', 'Host: localhost', 'Content-Length: 1000', '', 'form='];
  socket.write(head.join('\r\n'));
  return socket;
}

/** The landing page's status, asked for until it is this one. */
async function openLanding(expected: number): Promise<number> {
  let { status } = await fetch(server.url);
  for (let times = 0; status !== expected && times < 200; times += 1) ({ status } = await fetch(server.url));
  return status;
}

it('strangers whose bodies never come keep out other strangers, and nobody who has a token', async () => {
  const mcp = createRawMcp(server.mcpUrl, await userToken('alice'));
  const sockets = await Promise.all(Array.from({ length: places }, sendSlowly));
  expect(await openLanding(503)).toBe(503);
  const answer = await mcp.modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"result":3')]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  expect(await openLanding(200)).toBe(200);
});
