import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startHost, type Host } from '../../dev/host.ts';

/** What the handlers were given, in order. */
let seen: { readonly path: string; readonly body: string; readonly authorization: string | null }[];
/** Whether `/first` reads its body before it answers. */
let reads: boolean;
let host: Host;

beforeAll(async () => {
  const route = (path: string) => ({
    path,
    methods: ['GET', 'POST'] as const,
    async handle(request: Request) {
      const body = reads ? await request.text() : '';
      seen.push({ path, body, authorization: request.headers.get('authorization') });
      return new Response(path, { status: reads ? 200 : 401 });
    },
  });
  host = await startHost([route('/first'), route('/smuggled')], { port: 0 });
});
afterAll(() => host.stop());
beforeEach(() => {
  seen = [];
  reads = true;
});

/** Sends bytes as they are, and no more; every answer until the host closes. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(host.port, '127.0.0.1').setEncoding('latin1');
  let answers = '';
  socket.on('data', (chunk) => (answers += String(chunk)));
  // The host may close before everything was sent.
  socket.on('error', () => undefined);
  socket.end(Buffer.from(bytes, 'latin1'));
  await once(socket, 'close');
  return answers;
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

/** A request to `/first` with these header lines, and what follows them. */
function first(lines: readonly string[], rest: string): string {
  return ['POST /first HTTP/1.1', 'Host: x', ...lines, '', rest].join('\r\n');
}

const length = `Content-Length: ${smuggled.length}`;
const chunked = 'Transfer-Encoding: chunked';

describe('a request of two lengths', () => {
  it.each([
    ['a length and chunks', first([length, chunked], `0\r\n\r\n${smuggled}`)],
    ['chunks and a length', first([chunked, length], `0\r\n\r\n${smuggled}`)],
    ['two lengths', first(['Content-Length: 0', length], smuggled)],
    ['two lengths that are one', first([length, length], smuggled)],
    ['a list of lengths', first([`Content-Length: 0, ${smuggled.length}`], smuggled)],
    ['a signed length', first([`Content-Length: +0`], smuggled)],
    ['a negative length', first([`Content-Length: -1`], smuggled)],
    ['a hexadecimal length', first([`Content-Length: 0x0`], smuggled)],
    ['a length with a blank in it', first([`Content-Length: 0 0`], smuggled)],
    ['a length past all numbers', first([`Content-Length: 18446744073709551616`], smuggled)],
    ['a length with a blank before the colon', first([`Content-Length : 0`], smuggled)],
    [
      'chunks with a blank before the colon',
      first([`Transfer-Encoding : chunked`, length], `0\r\n\r\n${smuggled}`),
    ],
    ['chunks in a folded line', first(['Transfer-Encoding:', ' chunked', length], `0\r\n\r\n${smuggled}`)],
    [
      'a folded line before chunks',
      first(['X-Other: a', ' Transfer-Encoding: chunked', length], `0\r\n\r\n${smuggled}`),
    ],
    [
      'chunks that are not the last coding',
      first(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`),
    ],
    ['two codings', first([chunked, 'Transfer-Encoding: identity'], `0\r\n\r\n${smuggled}`)],
    [
      'a coding that looks like chunks',
      first(['Transfer-Encoding: xchunked', length], `0\r\n\r\n${smuggled}`),
    ],
    [
      'chunks after a control character',
      first(['Transfer-Encoding: \u000bchunked', length], `0\r\n\r\n${smuggled}`),
    ],
    ['chunks in quotes', first(['Transfer-Encoding: "chunked"', length], `0\r\n\r\n${smuggled}`)],
    ['chunks of HTTP/1.0', first([chunked, length], `0\r\n\r\n${smuggled}`).replace('HTTP/1.1', 'HTTP/1.0')],
  ])('is refused, and what follows is nobody’s request: %s', async (_what, bytes) => {
    const answers = await sendRaw(bytes);
    expect(answers).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(seen).toEqual([]);
  });
});

describe('a line', () => {
  it.each([
    ['ends without CR', first([chunked], `0\r\n\r\n${smuggled}`).replace('Host: x\r\n', 'Host: x\n')],
    ['ends without LF', first([chunked], `0\r\n\r\n${smuggled}`).replace('Host: x\r\n', 'Host: x\r')],
    [
      'hides another behind a bare LF',
      first(['X-Other: a\nTransfer-Encoding: chunked', length], `0\r\n\r\n${smuggled}`),
    ],
    [
      'hides another behind a bare CR',
      first(['X-Other: a\rTransfer-Encoding: chunked', length], `0\r\n\r\n${smuggled}`),
    ],
    ['has a NUL', first(['X-Other: a\0b', length], smuggled)],
    ['has no name', first([': chunked', length], smuggled)],
    ['names two paths', `GET /first /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['names no version', `GET /smuggled\r\n\r\n${smuggled}`],
    ['names another version', `GET /smuggled HTTP/1.2\r\nHost: x\r\n\r\n${smuggled}`],
  ])('that %s is refused', async (_what, bytes) => {
    expect(await sendRaw(bytes)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(seen).toEqual([]);
  });
});

describe('a chunk', () => {
  it.each([
    ['of hexadecimal size with a prefix', `0x5\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['of signed size', `+5\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['of negative size', `-1\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['of a size past all numbers', `10000000000000005\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['of no size', `\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['longer than its size', `4\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['shorter than its size', `6\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['whose size ends without CR', `5\nhello\r\n0\r\n\r\n${smuggled}`],
    ['that ends without CR', `5\r\nhello\n0\r\n\r\n${smuggled}`],
    ['with a bare LF in its extension', `5;a\nb\r\nhello\r\n0\r\n\r\n${smuggled}`],
    ['that is the last and ends without CR', `5\r\nhello\r\n0\n\n${smuggled}`],
  ])('%s ends the connection, and what follows is nobody’s request', async (_what, chunks) => {
    const answers = await sendRaw(first([chunked], chunks));
    expect(answers).not.toMatch(/200 OK/);
    expect(seen.map(({ path }) => path)).not.toContain('/smuggled');
  });
});

describe('a request in the body of another', () => {
  it('is text: in a body by its length, in chunks, and in a body that goes with GET', async () => {
    const hex = smuggled.length.toString(16);
    for (const bytes of [
      first([length], smuggled),
      first([chunked], `${hex}\r\n${smuggled}\r\n0\r\n\r\n`),
      first([length], smuggled).replace('POST', 'GET'),
    ]) {
      const answers = await sendRaw(bytes);
      expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(1);
    }
    expect(seen.map(({ path }) => path)).toEqual(['/first', '/first', '/first']);
    expect(seen[0]?.body).toBe(smuggled);
    expect(seen[1]?.body).toBe(smuggled);
  });

  it('is text too where nobody has read it: a refusal before the body leaves nothing behind', async () => {
    reads = false;
    const hex = smuggled.length.toString(16);
    for (const bytes of [first([length], smuggled), first([chunked], `${hex}\r\n${smuggled}\r\n0\r\n\r\n`)]) {
      expect((await sendRaw(bytes)).match(/HTTP\/1\.1 401 /g)).toHaveLength(1);
    }
    expect(seen.map(({ path }) => path)).toEqual(['/first', '/first']);
  });

  it('is text in a trailer', async () => {
    await sendRaw(first([chunked], `0\r\nX-Trailer: GET /smuggled HTTP/1.1\r\n\r\n`));
    expect(seen.map(({ path }) => path)).toEqual(['/first']);
  });
});

describe('two requests on one connection', () => {
  it('are two: the second has nothing of the first', async () => {
    const one = first(['Authorization: Bearer good', 'Content-Length: 2'], 'hi');
    const answers = await sendRaw(one + smuggled);
    expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
    expect(seen).toEqual([
      { path: '/first', body: 'hi', authorization: 'Bearer good' },
      { path: '/smuggled', body: '', authorization: null },
    ]);
  });
});
