import { randomUUID } from 'node:crypto';
import { AppError, toAppError } from '../errors.ts';
import { withDeadline } from '../deadline.ts';
import { createLog, describeCause, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
import type { Principal } from '../auth/principal.ts';
import { describeQuota, type Quota } from '../quota.ts';
import { readBody } from './body.ts';
import type { CountCall } from './call-limits.ts';
import type { DeferredWork } from './deferred-work.ts';
import type { Endpoint, GuardedHandler, Invocation, RequestContext, Route } from './endpoint.ts';
import { createErrorResponse, type Challenge } from './error-response.ts';
import { describeFailure } from './failure-fields.ts';
import { createPlaces } from './places.ts';
import { createOriginPolicy, type OriginPolicy } from './origin.ts';
import { createSecurityHeaders } from './security-headers.ts';

export interface GuardOptions {
  readonly publicBaseUrl: string;
  /** Origins beside the server's own. */
  readonly allowedOrigins: readonly string[];
  /** Largest body, bytes. */
  readonly maxRequestBytes: number;
  /** Most requests that are answered at once; what is vital is answered in any case. */
  readonly maxConcurrentRequests: number;
  readonly countCall: CountCall;
  readonly challenge: Challenge;
  /** Whose token the request carries; throws AppError where it carries none that is accepted. */
  readonly authenticate: (request: Request) => Promise<Principal>;
  readonly deferredWork: DeferredWork;
  readonly logLevel: LogLevel;
  /** Where lines go when the host has no log of its own for a request. */
  readonly sink: LogSink;
}

interface Exchange {
  readonly requestId: string;
  readonly log: Log;
  readonly fields: Record<string, LogFields[string]>;
  /** What is to be done when the answer has been given. */
  deferred: (() => Promise<unknown>) | undefined;
  readonly startedAt: number;
}

function beginExchange(invocation: Invocation, options: GuardOptions): Exchange {
  return {
    requestId: invocation.id ?? randomUUID(),
    log: createLog(invocation.sink ?? options.sink, options.logLevel),
    fields: {},
    deferred: undefined,
    startedAt: performance.now(),
  };
}

function createContext(exchange: Exchange, body: string): RequestContext {
  return {
    requestId: exchange.requestId,
    body,
    annotate: (fields) => void Object.assign(exchange.fields, fields),
    report: (error) => {
      exchange.log('error', 'unexpected_failure', {
        requestId: exchange.requestId,
        ...describeFailure(error),
      });
    },
    defer: (task) => {
      exchange.deferred = task;
    },
  };
}

function startDeferred({ deferred, log, requestId }: Exchange, work: DeferredWork): void {
  if (deferred === undefined) return;
  work.start(async () => {
    try {
      await deferred();
    } catch (error) {
      log('warn', 'deferred_work_failed', { requestId, cause: describeCause(error) });
    }
  });
}

/** Milliseconds. Each dependency has a deadline of its own; these are for many slow answers in a row. */
const authenticationMs = 20_000;
const publicMs = 60_000;

function giveUp(): AppError {
  return new AppError('timed_out');
}

function checkMethod(endpoint: Endpoint, request: Request): void {
  if (endpoint.refusedMethods?.some((method) => method === request.method))
    throw new AppError('method_not_allowed');
}

function tellQuota(response: Response, quota: Quota | undefined): Response {
  if (quota === undefined) return response;
  const fields = describeQuota(quota);
  response.headers.set('RateLimit-Policy', fields['RateLimit-Policy']);
  response.headers.set('RateLimit', fields.RateLimit);
  return response;
}

/** Authenticates before a byte of the body is read, so that strangers cannot make the server buffer. */
async function answer(
  endpoint: Endpoint,
  request: Request,
  exchange: Exchange,
  options: GuardOptions,
): Promise<Response> {
  const limit = Math.min(options.maxRequestBytes, endpoint.maxBodyBytes ?? options.maxRequestBytes);
  if (endpoint.access === 'public') {
    checkMethod(endpoint, request);
    const quota = options.countCall(endpoint, request, undefined);
    const context = createContext(exchange, await readBody(request, limit));
    const answered = Promise.resolve(endpoint.handle(request, context));
    return tellQuota(await withDeadline(answered, publicMs, giveUp), quota);
  }
  const principal = await withDeadline(options.authenticate(request), authenticationMs, giveUp);
  Object.assign(exchange.fields, {
    user: `${principal.tenantId}/${principal.objectId}`,
    client: principal.clientId,
  });
  checkMethod(endpoint, request);
  const quota = options.countCall(endpoint, request, principal);
  const context = createContext(exchange, await readBody(request, limit));
  return tellQuota(await endpoint.handle(request, { ...context, principal }), quota);
}

function refuse(
  error: AppError,
  endpoint: Endpoint,
  exchange: Exchange,
  challenge: Challenge,
): Promise<Response> {
  Object.assign(exchange.fields, describeFailure(error));
  return createErrorResponse(error, {
    form: endpoint.errors,
    requestId: exchange.requestId,
    challenge,
    allow: listAllowed(endpoint),
  });
}

/** Headers that the endpoint set itself win, except those that CORS decides. On the answer itself: a copy costs more. */
function dress(
  response: Response,
  defaults: Readonly<Record<string, string>>,
  forced: Readonly<Record<string, string>>,
): Response {
  const { headers } = response;
  for (const name in defaults) if (!headers.has(name)) headers.set(name, defaults[name] ?? '');
  for (const name in forced) headers.set(name, forced[name] ?? '');
  return response;
}

/** A refusal is worth a warning; 404 and 405 are how clients find out what there is. */
function levelOf(status: number): LogLevel {
  if (status >= 500) return 'error';
  return status >= 400 && status !== 404 && status !== 405 ? 'warn' : 'info';
}

function logExchange(endpoint: Endpoint, request: Request, response: Response, exchange: Exchange): void {
  const level = levelOf(response.status);
  exchange.log(level, 'request', {
    requestId: exchange.requestId,
    route: endpoint.path,
    method: request.method,
    status: response.status,
    ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
    ...exchange.fields,
  });
}

async function handleGuarded(
  endpoint: Endpoint,
  request: Request,
  exchange: Exchange,
  options: GuardOptions,
  origins: OriginPolicy,
): Promise<Response> {
  const origin = request.headers.get('origin');
  if (!origins.reaches(request.url)) throw new AppError('host_not_allowed');
  if (!origins.allows(endpoint, { method: request.method, origin })) throw new AppError('origin_not_allowed');
  if (request.method === 'OPTIONS') {
    const headers = {
      Allow: listAllowed(endpoint).join(', '),
      ...origins.preflightHeaders(endpoint),
    };
    return new Response(null, { status: 204, headers });
  }
  const response = await answer(endpoint, request, exchange, options);
  return request.method === 'HEAD' ? new Response(null, response) : response;
}

/** HEAD follows GET (RFC 9110 section 9.3.2); a preflight comes to every path. */
function listAllowed(endpoint: Endpoint): Route['methods'] {
  const head = endpoint.methods.includes('GET') ? (['HEAD'] as const) : [];
  return [...endpoint.methods, ...head, 'OPTIONS'];
}

/**
 * The shared pre-handler. Makes a route of an endpoint: request id, Origin check and CORS, authentication where the
 * endpoint asks for it, limits of body, calls and requests at once, error boundary, security headers, and one log line
 * for each request.
 */
export function createGuard(options: GuardOptions): (endpoint: Endpoint) => Route {
  const origins = createOriginPolicy(options.publicBaseUrl, options.allowedOrigins);
  const securityHeaders = createSecurityHeaders(options.publicBaseUrl);
  const places = createPlaces(options.maxConcurrentRequests);

  return function guard(endpoint) {
    const handle: GuardedHandler = async (request, invocation = {}) => {
      const exchange = beginExchange(invocation, options);
      let response: Response;
      try {
        if (places.areTaken && endpoint.vital !== true) throw new AppError('overloaded');
        response = await places.hold(() => handleGuarded(endpoint, request, exchange, options, origins));
      } catch (error) {
        response = await refuse(toAppError(error), endpoint, exchange, options.challenge);
      }
      logExchange(endpoint, request, response, exchange);
      startDeferred(exchange, options.deferredWork);
      return dress(response, securityHeaders, {
        'X-Request-Id': exchange.requestId,
        ...origins.responseHeaders(endpoint, request.headers.get('origin')),
      });
    };
    return {
      name: endpoint.name,
      path: endpoint.path,
      methods: [...listAllowed(endpoint), ...(endpoint.refusedMethods ?? [])],
      access: endpoint.access,
      handle,
    };
  };
}
