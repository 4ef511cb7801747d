import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { startInstance, type Instance } from '../support/instances.ts';
import { openSocket, sendRaw } from '../support/raw-socket.ts';
import { createRawMcp, type RawMcp } from '../support/raw-mcp.ts';
import { createTestEnvironment } from '../support/server.ts';
import { mintToken, userToken } from '../support/tokens.ts';

const places = 20;
const mebibyte = 1_048_576;

let instance: Instance;
let url: string;
let token: string;
let mcp: RawMcp;
/** Tokens of people enough to fill all places. */
let crowd: readonly string[];
/** What becomes of requests that never end: they wait while everything else is tried. */
let slow: Promise<readonly number[]>;

beforeAll(async () => {
  const environment = createTestEnvironment({
    MAX_CONCURRENT_REQUESTS: String(places),
    MCP_CALLS_PER_MINUTE: '0',
  });
  await createTables(loadConfig(environment).tables).ensureTables();
  instance = await startInstance(environment);
  url = `http://127.0.0.1:${instance.port}`;
  token = await userToken('alice');
  crowd = await Promise.all(
    Array.from({ length: 5 }, (_, number) =>
      mintToken({ claims: { oid: `c0000000-0000-4000-8000-00000000000${number}` } }),
    ),
  );
  mcp = createRawMcp(new URL('/mcp', url), token);
  await expectService();
  slow = Promise.all([
    sendRaw(instance.port, 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X-Slow: 1'),
    sendRaw(instance.port, head('Content-Length: 1000'), '{'),
    sendRaw(instance.port, head('Transfer-Encoding: chunked'), '1\r\n{\r\n'),
  ]);
});
afterAll(() => instance.kill());

async function call(caller: RawMcp = mcp): Promise<Response> {
  return caller.modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
}

function callAdd(args: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":${args}}}`;
}

async function expectService(): Promise<void> {
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const answer = await call();
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"result":3')]);
}

function open(count: number, ...bytes: readonly string[]): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await openSocket(instance.port);
      for (const part of bytes) socket.write(part);
      return socket;
    }),
  );
}

/** The head of a call of this person that may go on to a body. */
function headOf(bearer: string, ...headers: readonly string[]): string {
  const lines = [`Authorization: Bearer ${bearer}`, 'Content-Type: application/json', ...headers];
  return ['POST /mcp HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', ...lines, '', ''].join('\r\n');
}

function head(...headers: readonly string[]): string {
  return headOf(token, ...headers);
}

/** Asks again until the answer has this status. */
async function callUntil(expected: number, caller?: RawMcp): Promise<Response> {
  let answer = await call(caller);
  for (let times = 0; answer.status !== expected && times < 200; times += 1) answer = await call(caller);
  return answer;
}

function messages(count: number): readonly string[] {
  return Array.from({ length: count }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
}

describe('an instance that is not treated well', () => {
  it.each<[string, string[]]>([
    ['that say nothing', []],
    ['that never end their headers', ['POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X-Slow: 1\r\n']],
  ])('serves others beside 300 connections %s', async (_description, bytes) => {
    const sockets = await open(300, ...bytes);
    await expectService();
    for (const socket of sockets) socket.destroy();
    await expectService();
  });

  it('answers who has closed its side, and forgets who did so before the request was there', async () => {
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const accept = 'Accept: application/json, text/event-stream';
    const whole = await openSocket(instance.port);
    whole.end(head(accept, `Content-Length: ${ping.length}`) + ping);
    expect(await text(whole)).toMatch(/^HTTP\/1\.1 200 /);
    const halves = await open(300, 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const closed = halves.map((socket) => once(socket.resume().end(), 'close'));
    await Promise.all(closed);
    await expectService();
  });

  it('refuses what it has no place for at once, stays alive, and serves again when bodies that never come are given up', async () => {
    const opened = crowd.map((bearer) => open(places / 4, headOf(bearer, 'Content-Length: 1000'), '{'));
    const sockets = (await Promise.all(opened)).flat();
    // When all of them are being read.
    const refused = await callUntil(503);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ error: { data: { code: 'overloaded' } } });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await callUntil(200);
    await expectService();
  });

  it('lets one caller whose bodies never come keep out nobody else', async () => {
    const [bearer = ''] = crowd;
    const sockets = await open(2 * places, headOf(bearer, 'Content-Length: 1000'), '{');
    const own = createRawMcp(new URL('/mcp', url), bearer);
    // When enough of them are being read.
    const refused = await callUntil(429, own);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ error: { data: { code: 'too_many_at_once' } } });
    await expectService();
    for (const socket of sockets) socket.destroy();
  });

  it('answers every one of 400 calls at once, with its result, or with 429 or 503', async () => {
    const callers = crowd.map((bearer) => createRawMcp(new URL('/mcp', url), bearer));
    const sent = Array.from({ length: 80 }, () => callers.map((caller) => caller.modern('tools/list')));
    const statuses = (await Promise.all(sent.flat())).map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(places / 2);
    await expectService();
  });

  it('refuses headers of more than 32 KiB with 431', async () => {
    expect(await sendRaw(instance.port, head(`X-Long: ${'x'.repeat(33_000)}`))).toBe(431);
    await expectService();
  });

  it('ends the connection on headers of 1 MiB', async () => {
    const line = head(`X-Long: ${'x'.repeat(mebibyte)}`);
    expect([431, NaN]).toContain(await sendRaw(instance.port, line));
    await expectService();
  });

  it('refuses a body in chunks as soon as it is longer than allowed', async () => {
    const chunk = `10000\r\n${' '.repeat(0x1_0000)}\r\n`;
    const parts = Array.from({ length: 32 }, () => chunk);
    expect(await sendRaw(instance.port, head('Transfer-Encoding: chunked'), ...parts)).toBe(413);
    await expectService();
  });

  it.each<[string, string | Buffer, Record<string, string>, number, unknown]>([
    ['a bomb in gzip', gzipSync(Buffer.alloc(8 * mebibyte)), { 'Content-Encoding': 'gzip' }, 415, -32_000],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, -32_700],
    ['JSON that is 10,000 deep', '['.repeat(10_000) + ']'.repeat(10_000), {}, 400, -32_600],
    ['JSON that is 10,000 deep and never ends', '['.repeat(10_000), {}, 400, -32_700],
    ['an array of 15,000 messages', `[${messages(15_000).join()}]`, {}, 400, -32_600],
    [
      'a method that is there twice',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}',
      {},
      400,
      -32_600,
    ],
    ['an argument that is there twice', callAdd('{"a":1,"b":2,"a":40}'), {}, 400, -32_600],
    ['an argument __proto__', callAdd('{"b":2,"__proto__":{"a":9}}'), {}, 400, -32_600],
    ['an argument constructor', callAdd('{"b":2,"constructor":{"prototype":{"a":9}}}'), {}, 400, -32_600],
  ])('refuses %s', async (_description, body, headers, status, code) => {
    const answer = await mcp.send({
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    await expectService();
  });

  it('tells with 408 who was too slow', async () => {
    expect(await slow).toEqual([408, 408, 408]);
    await expectService();
  });

  it('has no more memory in use after all of that, many times over', async () => {
    const round = async () => {
      const bodies = ['['.repeat(10_000), `[${messages(5_000).join()}]`, `{"a":"${'x'.repeat(900_000)}"}`];
      const sent = bodies.map((body) => mcp.post(body).then((answer) => answer.text()));
      await Promise.all([...sent, call()]);
      for (const socket of await open(50, head('Content-Length: 1000'), '{')) socket.destroy();
    };
    for (let times = 0; times < 5; times += 1) await round();
    const before = await instance.memory();
    for (let times = 0; times < 20; times += 1) await round();
    expect((await instance.memory()) - before).toBeLessThan(16 * mebibyte);
    expect(instance.isRunning).toBe(true);
    await expectService();
  });
});
