import { describe, expect, it } from '@jest/globals';
import {
  HttpRequest,
  HttpResponse,
  InvocationContext,
  type HttpFunctionOptions,
  AppTerminateContext,
  type app,
  type AppTerminateHandler,
  type Timer,
  type TimerFunctionOptions,
} from '@azure/functions';
import {
  createFunctionsHandler,
  registerClose,
  registerJobs,
  registerRoutes,
  toFunctionsRoute,
} from '../../src/azure/functions.ts';
import type { GuardedHandler, Route } from '../../src/http/endpoint.ts';
import { createJob, type Work } from '../../src/jobs.ts';
import { createTestEndpoint, guardForTest } from '../support/guarded.ts';

/** Calls a handler as the host would: with the library's own request, taking its answer through the library's own response. */
async function invoke(handle: GuardedHandler, init: ConstructorParameters<typeof HttpRequest>[0] = {}) {
  const lines: string[] = [];
  const context = new InvocationContext({
    invocationId: 'invocation-1',
    functionName: 'test',
    traceContext: { traceParent: 'the host’s own' },
    logHandler: (level, ...args) => lines.push(`${level} ${args.join(' ')}`),
  });
  const request = new HttpRequest({ method: 'GET', url: 'https://host.example/test?x=1', ...init });
  const response = new HttpResponse(await createFunctionsHandler({ handle })(request, context));
  return { response, lines };
}

describe('the Functions adapter', () => {
  it('hands method, URL, headers, body, invocation id and trace to the route', async () => {
    const { response } = await invoke(
      async (request, invocation) =>
        Response.json({
          method: request.method,
          url: request.url,
          header: request.headers.get('x-test'),
          body: await request.text(),
          id: invocation?.id,
          traceparent: invocation?.traceparent,
        }),
      {
        method: 'POST',
        headers: { 'x-test': 'ä'.normalize('NFC').length.toString() },
        body: { string: '{"a":1}' },
      },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      method: 'POST',
      url: 'https://host.example/test?x=1',
      header: '1',
      body: '{"a":1}',
      id: 'invocation-1',
      traceparent: 'the host’s own',
    });
  });

  it('gives several cookies as the list the host keeps apart, with their attributes and decoded values', async () => {
    const headers = new Headers([
      ['Set-Cookie', '__Host-a=x%3Dy; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600'],
      ['Set-Cookie', 'b=2; SameSite=None; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ]);
    const { response } = await invoke(() => Promise.resolve(new Response(null, { headers })));
    expect(response.headers.has('set-cookie')).toBe(false);
    expect(response.cookies).toEqual([
      {
        name: '__Host-a',
        value: 'x=y',
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
        maxAge: 600,
      },
      { name: 'b', value: '2', sameSite: 'None', expires: new Date(0) },
    ]);
  });

  it('passes an event stream on piece by piece', async () => {
    let push: (text: string) => void = () => undefined;
    let end: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        push = (text) => controller.enqueue(new TextEncoder().encode(text));
        end = () => controller.close();
      },
    });
    const { response } = await invoke(() =>
      Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })),
    );
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    push('one');
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('one');
    push('two');
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('two');
    end();
    expect((await reader.read()).done).toBe(true);
  });

  it('ends a stream that breaks midway with what it had sent, and says so in the log', async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          if (pulls === 1) controller.enqueue(new TextEncoder().encode('begun'));
          else controller.error(new Error('broken pipe'));
        },
      },
      { highWaterMark: 0 },
    );
    const { response, lines } = await invoke(() =>
      Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })),
    );
    expect(await response.text()).toBe('begun');
    expect(lines.join('\n')).toContain('stream_failed');
  });

  it('answers 500 where a handler throws: the host would hang for minutes', async () => {
    const { response, lines } = await invoke(() => Promise.reject(new Error('password=hunter2')));
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toMatchObject({ error: 'server_error', request_id: 'invocation-1' });
    expect(response.headers.get('x-request-id')).toBe('invocation-1');
    const [line = ''] = lines;
    expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({
      event: 'adapter_failed',
      requestId: 'invocation-1',
    });
  });

  it('sends the guard’s log line to the invocation’s own log', async () => {
    const { route, lines: appLines } = guardForTest(createTestEndpoint());
    const { response, lines } = await invoke(route.handle);
    expect(response.headers.get('x-request-id')).toBe('invocation-1');
    expect(lines).toEqual([expect.stringContaining('"requestId":"invocation-1"')]);
    expect(appLines).toEqual([]);
  });

  it('answers 204 without a body', async () => {
    const { route } = guardForTest(createTestEndpoint());
    const { response } = await invoke(route.handle, { method: 'OPTIONS' });
    expect([response.status, response.body]).toEqual([204, null]);
  });
});

describe('registerRoutes', () => {
  it('turns streaming on and registers each route once, anonymously, with all its methods', () => {
    const registered = new Map<string, HttpFunctionOptions>();
    let streaming: boolean | undefined;
    const route: Route = guardForTest(createTestEndpoint()).route;
    registerRoutes(
      {
        setup: (options) => (streaming = options.enableHttpStream),
        http: (name, options) => void registered.set(name, options),
      },
      [route, { ...route, name: 'root', path: '/' }],
    );
    expect(streaming).toBe(true);
    expect(
      [...registered].map(([name, { route, methods, authLevel }]) => ({ name, route, methods, authLevel })),
    ).toEqual([
      { name: 'test', route: 'test', methods: ['GET', 'POST', 'HEAD', 'OPTIONS'], authLevel: 'anonymous' },
      {
        name: 'root',
        route: '{ignored:maxlength(0)?}',
        methods: ['GET', 'POST', 'HEAD', 'OPTIONS'],
        authLevel: 'anonymous',
      },
    ]);
  });

  it('keeps the dots and slashes of well-known paths', () => {
    expect(toFunctionsRoute('/.well-known/oauth-protected-resource/mcp')).toBe(
      '.well-known/oauth-protected-resource/mcp',
    );
  });
});

describe('registerClose', () => {
  it('has the end waited for', async () => {
    const hooks: AppTerminateHandler[] = [];
    let closed = 0;
    const hook = { appTerminate: (handler: AppTerminateHandler) => void hooks.push(handler) };
    registerClose({ hook: hook as unknown as typeof app.hook }, () => Promise.resolve(void (closed += 1)));
    for (const handler of hooks) await handler(new AppTerminateContext());
    expect([hooks.length, closed]).toEqual([1, 1]);
  });
});

describe('registerJobs', () => {
  function register(run: Work['run']) {
    const registered = new Map<string, TimerFunctionOptions>();
    const appLines: string[] = [];
    const work = { name: 'sweep', schedule: '0 */15 * * * *', everyMs: 900_000, run };
    const job = createJob(work, { sink: (_level, line) => void appLines.push(line), logLevel: 'info' });
    registerJobs({ timer: (name, options) => void registered.set(name, options) }, [job]);
    return { registered, appLines };
  }

  /** Runs a registered timer as the host would; with what it wrote to the invocation's log. */
  async function fire({ handler }: Pick<TimerFunctionOptions, 'handler'>, isPastDue: boolean) {
    const lines: string[] = [];
    const context = new InvocationContext({
      invocationId: 'invocation-1',
      functionName: 'sweep',
      logHandler: (level, ...args) => lines.push(`${level} ${args.join(' ')}`),
    });
    const timer: Timer = {
      isPastDue,
      schedule: { adjustForDST: true },
      scheduleStatus: { last: '', next: '', lastUpdated: '' },
    };
    return { result: await handler(timer, context), lines };
  }

  it('registers each job once, at its schedule and never at start', () => {
    const { registered } = register(() => Promise.resolve({}));
    expect([...registered]).toEqual([
      ['sweep', { schedule: '0 */15 * * * *', handler: expect.any(Function) }],
    ]);
  });

  it.each([
    [false, /^information \{"level":"info","event":"job","job":"sweep","ms":\d+,"removed":2\}$/],
    [true, /^warning \{"level":"warn","event":"job","job":"sweep","ms":\d+,"late":true,"removed":2\}$/],
  ])('logs to the invocation’s own log (past due: %p)', async (isPastDue, line) => {
    const { registered, appLines } = register(() => Promise.resolve({ removed: 2 }));
    for (const options of registered.values()) {
      const { lines } = await fire(options, isPastDue);
      expect(lines).toEqual([expect.stringMatching(line)]);
    }
    expect(appLines).toEqual([]);
  });

  it('never throws out of a job', async () => {
    const { registered } = register(() => Promise.reject(new Error('broken')));
    for (const options of registered.values()) {
      const { result, lines } = await fire(options, false);
      expect(result).toBeUndefined();
      expect(lines).toEqual([expect.stringMatching(/^error .*"cause":"Error: broken"/)]);
    }
  });
});
