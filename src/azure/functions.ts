import type {
  Cookie,
  HttpMethod,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
  Timer,
  app,
} from '@azure/functions';
import { parseSetCookie } from 'set-cookie-parser';
import type { Invocation, Route } from '../http/endpoint.ts';
import type { Job } from '../jobs.ts';
import { createLog, describeCause, type Log, type LogSink } from '../log.ts';
import { isEventStream } from '../streams.ts';

/** What is used of `@azure/functions`' `app`. */
export type FunctionsApp = Pick<typeof app, 'setup' | 'http' | 'timer' | 'hook'>;

/** A route as Functions spells it: without its leading slash; the root needs a parameter that matches nothing. */
export function toFunctionsRoute(path: string): string {
  return path === '/' ? '{ignored:maxlength(0)?}' : path.slice(1);
}

function toRequest(request: HttpRequest): Request {
  const { method, url, body } = request;
  const headers = new Headers([...request.headers]);
  return new Request(url, {
    method,
    headers,
    ...(body !== null && { body: body as ReadableStream, duplex: 'half' }),
  });
}

/** Several Set-Cookie headers become one on their way through the host; its own list of cookies does not. */
function toCookies(headers: Headers): Cookie[] {
  // Decoded, because the host encodes values again.
  return parseSetCookie(headers.getSetCookie()).map(
    ({ sameSite, name, value, domain, path, expires, ...flags }) => ({
      name,
      value,
      ...(domain !== undefined && { domain }),
      ...(path !== undefined && { path }),
      ...(expires !== undefined && { expires }),
      ...(flags.maxAge !== undefined && { maxAge: flags.maxAge }),
      ...(flags.secure === true && { secure: true }),
      ...(flags.httpOnly === true && { httpOnly: true }),
      ...(sameSite !== undefined && { sameSite: toSameSite(sameSite) }),
    }),
  );
}

function toSameSite(value: string): 'Strict' | 'Lax' | 'None' {
  const lower = value.toLowerCase();
  return lower === 'none' ? 'None' : lower === 'lax' ? 'Lax' : 'Strict';
}

/** Ends a stream where it breaks: the host would leave the connection open for minutes. */
function endOnFailure(body: ReadableStream<Uint8Array>, log: Log): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        log('error', 'stream_failed', { cause: describeCause(error) });
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function toResponseInit(response: Response, log: Log): Promise<HttpResponseInit> {
  const cookies = toCookies(response.headers);
  const headers = new Headers(response.headers);
  headers.delete('set-cookie');
  const init = { status: response.status, headers, ...(cookies.length > 0 && { cookies }) };
  if (response.body === null) return init;
  // What does not stream is given whole: it takes fewer turns, and nothing can break halfway.
  if (!isEventStream(headers)) return { ...init, body: new Uint8Array(await response.arrayBuffer()) };
  return { ...init, body: endOnFailure(response.body, log) as NonNullable<HttpResponseInit['body']> };
}

function createSink(context: InvocationContext): LogSink {
  return (level, line) => {
    context[level](line);
  };
}

/**
 * The Functions handler of a route. It never throws: with streaming on, the host answers a throw after four minutes.
 */
export function createFunctionsHandler(route: Pick<Route, 'handle'>) {
  return async function handle(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
    const sink = createSink(context);
    const log = createLog(sink, 'error');
    const { invocationId: id, traceContext } = context;
    const invocation: Invocation = { id, sink, traceparent: traceContext?.traceParent };
    try {
      return await toResponseInit(await route.handle(toRequest(request), invocation), log);
    } catch (error) {
      log('error', 'adapter_failed', { requestId: id, cause: describeCause(error) });
      return {
        status: 500,
        headers: { 'Cache-Control': 'no-store', 'X-Request-Id': id },
        jsonBody: {
          error: 'server_error',
          error_description: 'The request could not be read or answered.',
          request_id: id,
        },
      };
    }
  };
}

/** Registers every route as one function, anonymous to the host: the guard is what authenticates. */
export function registerRoutes(app: Pick<FunctionsApp, 'setup' | 'http'>, routes: readonly Route[]): void {
  app.setup({ enableHttpStream: true });
  for (const route of routes) {
    app.http(route.name, {
      route: toFunctionsRoute(route.path),
      methods: [...route.methods] satisfies HttpMethod[],
      authLevel: 'anonymous',
      handler: createFunctionsHandler(route),
    });
  }
}

/** Registers every job as one function, which the host runs on one instance at a time: it keeps a lock for each. */
export function registerJobs(app: Pick<FunctionsApp, 'timer'>, jobs: readonly Job[]): void {
  for (const { name, schedule, run } of jobs) {
    app.timer(name, {
      schedule,
      handler: ({ isPastDue }: Timer, context) => run({ sink: createSink(context), late: isPastDue }),
    });
  }
}

/** Has the host wait for `close` when it takes an instance away: it announces that, and a signal would come too late. */
export function registerClose(app: Pick<FunctionsApp, 'hook'>, close: () => Promise<void>): void {
  app.hook.appTerminate(close);
}
