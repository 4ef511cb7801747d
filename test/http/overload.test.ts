import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createTestEndpoint, guardForTest, testPrincipal } from '../support/guarded.ts';

/** An endpoint whose answers a test gives. */
function createSlowEndpoint(vital = false) {
  const waiting: ((response: Response) => void)[] = [];
  const endpoint = createTestEndpoint({
    ...(vital && { vital }),
    handle: () => new Promise((resolve) => waiting.push(resolve)),
  });
  return { endpoint, waiting };
}

const overloaded = { status: 503, code: 'overloaded', retryAfter: '1' };

async function describeAnswer(response: Response) {
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code, retryAfter: response.headers.get('retry-after') };
}

describe('an instance with as many requests as it may have', () => {
  it('refuses the next at once, without looking at it, and takes one again when one is answered', async () => {
    const { endpoint, waiting } = createSlowEndpoint();
    // Half of them are for public routes.
    const { send } = guardForTest(endpoint, { maxConcurrentRequests: 4 });
    const accepted = [send(), send()];
    const body = new ReadableStream(
      { pull: () => expect('a byte of the body').toBe('left unread') },
      { highWaterMark: 0 },
    );
    const init = { method: 'POST', body, duplex: 'half' } as const;
    expect(await describeAnswer(await send(init))).toEqual(overloaded);
    expect(waiting).toHaveLength(2);
    waiting.shift()?.(Response.json({}));
    expect((await accepted[0])?.status).toBe(200);
    accepted.push(send());
    expect(await describeAnswer(await send())).toEqual(overloaded);
    for (const answer of waiting) answer(Response.json({}));
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('gives a quarter of the places to one caller, and the others to the next', async () => {
    const { endpoint, waiting } = createSlowEndpoint();
    const { send } = guardForTest(
      { ...endpoint, access: 'bearer' },
      {
        maxConcurrentRequests: 8,
        authenticate: ({ headers }) =>
          Promise.resolve({ ...testPrincipal, objectId: headers.get('authorization') ?? '' }),
      },
    );
    const sendAs = (caller: string) => send({ headers: { Authorization: caller } });
    const accepted = [sendAs('a'), sendAs('a')];
    expect(await describeAnswer(await sendAs('a'))).toEqual({
      status: 429,
      code: 'too_many_at_once',
      retryAfter: '1',
    });
    accepted.push(sendAs('b'));
    for (let turns = 0; waiting.length < 3 && turns < 100; turns += 1) await nextTurn();
    waiting.shift()?.(Response.json({}));
    expect((await accepted[0])?.status).toBe(200);
    accepted.push(sendAs('a'));
    for (let turns = 0; waiting.length < 3 && turns < 100; turns += 1) await nextTurn();
    for (const answer of waiting) answer(Response.json({}));
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('gives places back where a request failed', async () => {
    const endpoint = createTestEndpoint({ handle: () => Promise.reject(new Error('mistake')) });
    const { send } = guardForTest(endpoint, { maxConcurrentRequests: 1 });
    for (let times = 0; times < 3; times += 1) expect((await send()).status).toBe(500);
  });

  it('gives places back where an answer turns out to be unusable', async () => {
    const unusable = Object.defineProperty(new Response(), 'headers', {
      get: () => {
        throw new TypeError('no header can be that');
      },
    });
    const { send } = guardForTest(createTestEndpoint({ handle: () => unusable }), {
      maxConcurrentRequests: 1,
    });
    for (let times = 0; times < 3; times += 1) expect((await send()).status).toBe(500);
  });

  it('answers what is vital in any case', async () => {
    const { endpoint, waiting } = createSlowEndpoint(true);
    const { send } = guardForTest(endpoint, { maxConcurrentRequests: 1 });
    const accepted = [send(), send(), send()];
    for (let turns = 0; waiting.length < 3 && turns < 100; turns += 1) await nextTurn();
    expect(waiting).toHaveLength(3);
    for (const answer of waiting) answer(Response.json({}));
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each<
    [
      string,
      (
        body: ReadableStream<Uint8Array>,
        source: ReadableStreamDefaultController<Uint8Array>,
      ) => Promise<unknown>,
    ]
  >([
    ['has ended', async (body, source) => (source.close(), await new Response(body).text())],
    ['is not read any more', (body) => body.cancel()],
    [
      'has failed',
      async (body, source) => {
        source.error(new Error('broken'));
        await expect(new Response(body).text()).rejects.toThrow('broken');
      },
    ],
  ])('counts a stream until it %s', async (_description, end) => {
    let source: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (source = controller) });
    const headers = { 'Content-Type': 'text/event-stream' };
    const answers = [new Response(stream, { headers }), Response.json({})];
    const endpoint = createTestEndpoint({ handle: () => answers.shift() ?? Response.error() });
    const { send } = guardForTest(endpoint, { maxConcurrentRequests: 1 });
    const { body } = await send();
    expect(await describeAnswer(await send())).toEqual(overloaded);
    if (body === null || source === undefined) throw new Error('no stream');
    await end(body, source);
    expect((await send()).status).toBe(200);
  });
});
