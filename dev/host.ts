import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { describeError } from '../src/errors.ts';
import type { Route } from '../src/http/endpoint.ts';
import { listen, type Listening } from './listen.ts';

export interface HostOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** PEM texts; with them the host speaks HTTPS only. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Host extends Listening {
  /** Origin by address, so that it never depends on how `localhost` resolves. */
  readonly url: string;
}

/** Slow or silent clients are cut off; the header limit is that of the Functions host. */
const limits: ServerOptions = { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 32_768 };

/** A path or a method that nobody registered is 404, as on the Functions host. */
function createRouter(routes: readonly Pick<Route, 'path' | 'methods' | 'handle'>[]) {
  const handlers = new Map(
    routes.flatMap(({ path, methods, handle }) => methods.map((method) => [`${method} ${path}`, handle])),
  );
  return function route(request: Request): Response | Promise<Response> {
    const handle = handlers.get(`${request.method} ${new URL(request.url).pathname}`);
    if (handle !== undefined) return handle(request);
    const { status, message } = describeError('not_found');
    const requestId = randomUUID();
    return Response.json(
      { error: 'not_found', error_description: message, code: 'not_found', request_id: requestId },
      { status, headers: { 'X-Request-Id': requestId } },
    );
  };
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** Statuses of answers that have no body (Fetch standard, "null body status"). */
const bodiless: readonly number[] = [204, 205, 304];

/**
 * Fails where the platform's `Response` would not have been made, as on Azure: the library's takes any status, and a body
 * with each. Nothing else of it is looked at, and the log line of the request has the status that the endpoint gave.
 */
function strictly(handle: Fetch): Fetch {
  return async function handleStrictly(request) {
    const response = await handle(request);
    const { status } = response;
    if (status >= 200 && status <= 599 && !bodiless.includes(status)) return response;
    try {
      // Asked for its body, the library's makes the platform's.
      Reflect.get(response, 'body');
      return response;
    } catch (error) {
      // Without its query: codes and states of sign-ins are in there.
      console.error(`${request.method} ${new URL(request.url).pathname}:`, error);
      return new Response(null, { status: 500 });
    }
  };
}

/**
 * Serves a web-standard handler on this machine. The library puts its own `Request` and `Response` in the place of the
 * global ones, for all of the process and as long as it runs: with them an answer that was made of a text reaches the
 * socket without a stream in between.
 * Rejects with the error of `listen` where the port cannot be had.
 */
export async function serveFetch(
  handle: Fetch,
  { port, host = '127.0.0.1', tls }: HostOptions,
): Promise<Host> {
  const listener = getRequestListener(strictly(handle));
  const onRequest: RequestListener = (incoming, outgoing) => void listener(incoming, outgoing);
  const server =
    tls === undefined
      ? createHttpServer(limits, onRequest)
      : createHttpsServer({ ...limits, ...tls }, onRequest);
  const listening = await listen(server, port, host);
  return { ...listening, url: `${tls === undefined ? 'http' : 'https'}://${host}:${listening.port}` };
}

/**
 * Serves the route table on this machine as the Functions host would: same paths, same methods, same Request.
 * Rejects as `serveFetch` does.
 */
export function startHost(
  routes: readonly Pick<Route, 'path' | 'methods' | 'handle'>[],
  options: HostOptions,
): Promise<Host> {
  return serveFetch(createRouter(routes), options);
}
