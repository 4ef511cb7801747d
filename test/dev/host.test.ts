import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startHost, type Host } from '../../dev/host.ts';

type Handle = (request: Request) => Promise<Response>;

/** Whatever a test wants to be asked next. */
let handle: Handle = () => Promise.reject(new Error('no handler'));
let host: Host;

beforeAll(async () => {
  const route = (path: string, methods: readonly ('GET' | 'POST')[]) => ({
    path,
    methods,
    handle: (request: Request) => handle(request),
  });
  host = await startHost([route('/both', ['GET', 'POST']), route('/', ['GET'])], { port: 0 });
});

afterAll(() => host.stop());

/** Sends bytes as they are and reads until the server closes. */
async function sendRaw(text: string): Promise<string> {
  const socket = connect(host.port, '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

function createStream() {
  const cancelled = Promise.withResolvers<undefined>();
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => cancelled.resolve(undefined),
  });
  return {
    body,
    cancelled: cancelled.promise,
    send: (text: string) => controller?.enqueue(encoder.encode(text)),
    fail: () => controller?.error(new Error('broken')),
  };
}

async function openStream(stream: ReturnType<typeof createStream>, signal?: AbortSignal) {
  handle = () =>
    Promise.resolve(new Response(stream.body, { headers: { 'Content-Type': 'text/event-stream' } }));
  const response = await fetch(`${host.url}/both`, signal === undefined ? {} : { signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  return async () => new TextDecoder().decode((await reader.read()).value);
}

describe('the local host', () => {
  it('gives a request to the route with its exact path and method', async () => {
    handle = async (request) =>
      Response.json({ url: request.url, method: request.method, text: await request.clone().text() });
    const response = await fetch(`${host.url}/both?x=1`, { method: 'POST', body: 'Grüße' });
    expect(await response.json()).toEqual({ url: `${host.url}/both?x=1`, method: 'POST', text: 'Grüße' });
  });

  it('hands over what reads like the plain Request of Functions', async () => {
    let seen: Request | undefined;
    handle = async (request) => {
      seen = new Request(request.url, { method: request.method, headers: [...request.headers] });
      return new Response(await request.arrayBuffer(), { status: request instanceof Request ? 200 : 500 });
    };
    const response = await fetch(`${host.url}/both`, {
      method: 'POST',
      headers: { 'X-Test': 'a' },
      body: 'Grüße',
    });
    expect([response.status, await response.text()]).toEqual([200, 'Grüße']);
    expect([seen?.method, seen?.headers.get('x-test')]).toEqual(['POST', 'a']);
  });

  it.each([
    ['GET', '/nothing'],
    ['GET', '/both/'],
    ['GET', '/both/deeper'],
    ['DELETE', '/both'],
    ['HEAD', '/'],
  ])('answers %s %s with 404, as nobody registered it', async (method, path) => {
    const response = await fetch(`${host.url}${path}`, { method });
    expect(response.status).toBe(404);
    const id = response.headers.get('x-request-id');
    expect(id).toMatch(/^[\da-f-]{36}$/);
    if (method === 'HEAD') return;
    expect(await response.json()).toEqual({
      error: 'not_found',
      error_description: expect.any(String),
      code: 'not_found',
      request_id: id,
    });
  });

  it.each<[string, () => Response]>([
    ['a body with 204', () => new Response('a body', { status: 204 })],
    ['a status of its own making', () => Response.json({}, { status: 600 })],
  ])('fails on %s, as Azure does', async (_mistake, answer) => {
    const told = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    handle = () => Promise.resolve(answer());
    const response = await fetch(`${host.url}/both?code=secret`);
    expect([response.status, await response.text()]).toEqual([500, '']);
    expect(told.mock.calls).toEqual([['GET /both:', expect.anything()]]);
    told.mockRestore();
  });

  it('passes every cookie on', async () => {
    const headers = new Headers([
      ['Set-Cookie', 'a=1; Path=/; HttpOnly'],
      ['Set-Cookie', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
    ]);
    handle = () => Promise.resolve(new Response(null, { status: 204, headers }));
    const response = await fetch(`${host.url}/both`);
    expect(response.headers.getSetCookie()).toEqual(headers.getSetCookie());
  });

  it('passes every event on as it comes', async () => {
    const stream = createStream();
    const read = await openStream(stream);
    stream.send('data: 1\n\n');
    expect(await read()).toBe('data: 1\n\n');
    stream.send('data: 2\n\n');
    expect(await read()).toBe('data: 2\n\n');
  });

  it('cancels a stream whose reader left', async () => {
    const stream = createStream();
    const leave = new AbortController();
    const read = await openStream(stream, leave.signal);
    stream.send('data: 1\n\n');
    await read();
    leave.abort();
    await stream.cancelled;
  });

  it('breaks the connection where a stream breaks', async () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const stream = createStream();
    const read = await openStream(stream);
    stream.send('data: 1\n\n');
    await read();
    stream.fail();
    await expect(read()).rejects.toThrow();
    report.mockRestore();
  });

  it('aborts the request when the client goes away', async () => {
    const arrived = Promise.withResolvers<Request>();
    const aborted = Promise.withResolvers<undefined>();
    handle = (request) => {
      request.signal.addEventListener('abort', () => aborted.resolve(undefined));
      arrived.resolve(request);
      return aborted.promise.then(() => new Response());
    };
    const leave = new AbortController();
    const answer = fetch(`${host.url}/both`, { method: 'POST', body: '{}', signal: leave.signal });
    await arrived.promise;
    leave.abort();
    await expect(answer).rejects.toThrow();
    await aborted.promise;
  });

  it.each([
    ['a request that is not HTTP', 'NONSENSE\r\n\r\n', 400],
    ['a request without Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['an invalid Host', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['a Host that is a URL', 'GET / HTTP/1.1\r\nHost: evil/@x\r\nConnection: close\r\n\r\n', 400],
    ['a header that is too long', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['a body that is shorter than said', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 400],
  ])('refuses %s and goes on', async (_name, text, status) => {
    expect(await sendRaw(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    handle = () => Promise.resolve(new Response('still here'));
    expect(await (await fetch(host.url)).text()).toBe('still here');
  });

  it('rejects where the port is taken', async () => {
    await expect(startHost([], { port: host.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends open connections when it stops, and gives its port back', async () => {
    const other = await startHost(
      [{ path: '/', methods: ['GET'], handle: () => Promise.resolve(new Response(createStream().body)) }],
      { port: 0 },
    );
    const response = await fetch(other.url);
    await other.stop();
    await expect(response.text()).rejects.toThrow();
    const next = await startHost([], { port: other.port });
    await next.stop();
  });
});
