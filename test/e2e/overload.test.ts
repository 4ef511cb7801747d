import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { startInstance, type Instance } from '../support/instances.ts';
import { exchangeRaw, hear, openSocket, sendRaw } from '../support/raw-socket.ts';
import { createRawMcp, type RawMcp } from '../support/raw-mcp.ts';
import { createTestEnvironment } from '../support/server.ts';
import { mintToken, userToken } from '../support/tokens.ts';

const places = 20;
const mebibyte = 1_048_576;
const accept = 'Accept: application/json, text/event-stream';

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

/** Asks again until the answer is as expected, 200 times at most. */
async function repeat<T>(ask: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let times = 0; !isExpected(answer) && times < 200; times += 1) answer = await ask();
  return answer;
}

/** Asks again until the answer has this status. */
function callUntil(expected: number, caller?: RawMcp): Promise<Response> {
  return repeat(
    () => call(caller),
    ({ status }) => status === expected,
  );
}

function messages(count: number): readonly string[] {
  return Array.from({ length: count }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
}

type Broken = readonly [string, string | Buffer, Record<string, string>, number, number];

/** Bodies that are refused: how they are sent, with which status and which JSON-RPC code. */
const broken: readonly Broken[] = [
  ['a bomb in gzip', gzipSync(Buffer.alloc(8 * mebibyte)), { 'Content-Encoding': 'gzip' }, 415, -32_000],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, -32_700],
  ['JSON that is 10,000 deep', '['.repeat(10_000) + ']'.repeat(10_000), {}, 400, -32_600],
  ['JSON that is 10,000 deep and never ends', '['.repeat(10_000), {}, 400, -32_700],
  ['an array of 15,000 messages', `[${messages(15_000).join()}]`, {}, 400, -32_600],
  ['a text of 900,000 characters', `{"a":"${'x'.repeat(900_000)}"}`, {}, 400, -32_600],
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
];

function sendBroken([, body, headers]: Broken): Promise<Response> {
  return mcp.send({ method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** 1 MiB of headers. */
function sendLongHeaders(): Promise<string> {
  return exchangeRaw(instance.port, head(`X-Long: ${'x'.repeat(mebibyte)}`));
}

/** A body in chunks, of 2 MiB. */
function sendLongBody(): Promise<number> {
  const chunk = `10000\r\n${' '.repeat(0x1_0000)}\r\n`;
  const parts = Array.from({ length: 32 }, () => chunk);
  return sendRaw(instance.port, head('Transfer-Encoding: chunked'), ...parts);
}

/** The only answer to headers that are too long. */
const tooLong = 'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n';

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
    const whole = await openSocket(instance.port);
    whole.end(head(accept, `Content-Length: ${ping.length}`) + ping);
    expect(await text(whole)).toMatch(/^HTTP\/1\.1 200 /);
    const halves = await open(300, 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const closed = halves.map((socket) => once(socket.resume().end(), 'close'));
    await Promise.all(closed);
    await expectService();
  });

  it('refuses at once what it has no place for, and answers what it had accepted before when that has all come', async () => {
    const body = callAdd('{"a":1,"b":2}');
    const length = `Content-Length: ${body.length}`;
    const opened = crowd.map((bearer) => open(places / 4, headOf(bearer, accept, length), body.slice(0, 1)));
    const sockets = (await Promise.all(opened)).flat();
    const heard = sockets.map(hear);
    // When all places are theirs, for as long as their bodies do not come.
    await callUntil(503);
    const refused = await Promise.all(Array.from({ length: 2 * places }, () => call()));
    for (const answer of refused) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await answer.json()).toMatchObject({ error: { data: { code: 'overloaded' } } });
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const waiting = heard.filter((said, index) => said.text() === '' && sockets[index]?.destroyed === false);
    for (const socket of sockets) socket.write(body.slice(1));
    const answers = await Promise.all(waiting.map(({ whole }) => whole));
    // Three places may be those of the slow ones.
    expect(answers.length).toBeGreaterThanOrEqual(places - 3);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*"result":3/);
    await expectService();
  });

  it('stays alive, and serves again when bodies that never come are given up', async () => {
    const opened = crowd.map((bearer) => open(places / 4, headOf(bearer, 'Content-Length: 1000'), '{'));
    const sockets = (await Promise.all(opened)).flat();
    // When all of them are being read.
    expect((await callUntil(503)).status).toBe(503);
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

  it('answers every one of 400 calls at once, with its result, or with 429 or 503 and when to come back', async () => {
    const callers = crowd.map((bearer) => createRawMcp(new URL('/mcp', url), bearer));
    const sent = Array.from({ length: 80 }, () => callers.map((caller) => call(caller)));
    const answers = await Promise.all(sent.flat());
    const accepted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(accepted.length).toBeGreaterThanOrEqual(places / 2);
    for (const answer of accepted) expect(await answer.text()).toContain('"result":3');
    const told = refused.map(
      ({ status, headers }) => `${status}, Retry-After: ${headers.get('retry-after')}`,
    );
    expect(told.filter((text) => !/^(429|503), Retry-After: 1$/.test(text))).toEqual([]);
    await expectService();
  });

  it('refuses headers of more than 32 KiB with 431', async () => {
    expect(await exchangeRaw(instance.port, head(`X-Long: ${'x'.repeat(33_000)}`))).toBe(tooLong);
    await expectService();
  });

  it('ends the connection on headers of 1 MiB, with 431 where whoever is still sending reads that', async () => {
    const answer = await sendLongHeaders();
    expect(['', tooLong]).toContain(answer);
    await expectService();
  });

  it('refuses a body in chunks as soon as it is longer than allowed', async () => {
    expect(await sendLongBody()).toBe(413);
    await expectService();
  });

  it.each(broken)('refuses %s', async (...request) => {
    const [, , , status, code] = request;
    const answer = await sendBroken(request);
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    await expectService();
  });

  it('tells with 408 who was too slow', async () => {
    expect(await slow).toEqual([408, 408, 408]);
    await expectService();
  });

  it('has no more memory in use after all of that, many times over', async () => {
    const round = async () => {
      for (const request of broken) {
        const [name, , , expected] = request;
        // What the round before left behind may have every place still.
        const { status } = await repeat(
          async () => {
            const answer = await sendBroken(request);
            await answer.text();
            return answer;
          },
          (answer) => answer.status === expected,
        );
        expect([name, status]).toEqual([name, expected]);
      }
      expect(await repeat(sendLongBody, (status) => status === 413)).toBe(413);
      await sendLongHeaders();
      await callUntil(200);
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
