import { AppError, toAppError } from '../errors.ts';
import { withDeadline } from '../deadline.ts';
import type { Principal } from '../auth/principal.ts';
import { describeQuota } from '../quota.ts';
import { nameUser } from './audit.ts';
import { readBody } from './body.ts';
import type { CountCall } from './call-limits.ts';
import type { DeferredWork } from './deferred-work.ts';
import type { Endpoint, GuardedHandler, Route } from './endpoint.ts';
import { createErrorResponse, type Challenge } from './error-response.ts';
import {
  auditRefusal,
  beginExchange,
  createContext,
  logExchange,
  startDeferred,
  type Exchange,
  type ExchangeOptions,
} from './exchange.ts';
import { describeFailure } from './failure-fields.ts';
import { createPlaces, type Place } from './places.ts';
import { createOriginPolicy, type OriginPolicy } from './origin.ts';
import { observeRequest } from './request-span.ts';
import { createSecurityHeaders } from './security-headers.ts';

export interface GuardOptions extends ExchangeOptions {
  readonly publicBaseUrl: string;
  /** Origins beside the server's own. */
  readonly allowedOrigins: readonly string[];
  /** Largest body, bytes. */
  readonly maxRequestBytes: number;
  /** Most requests that are answered at once, half of them on public routes, a quarter of one caller; what is vital always is. */
  readonly maxConcurrentRequests: number;
  readonly countCall: CountCall;
  readonly challenge: Challenge;
  /** Whose token the request carries; throws AppError where it carries none that is accepted. */
  readonly authenticate: (request: Request) => Promise<Principal>;
  readonly deferredWork: DeferredWork;
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

/** Authenticates before a byte of the body is read, so that strangers cannot make the server buffer. */
async function answer(
  endpoint: Endpoint,
  request: Request,
  exchange: Exchange,
  options: GuardOptions,
  place: Place,
): Promise<Response> {
  const limit = Math.min(options.maxRequestBytes, endpoint.maxBodyBytes ?? options.maxRequestBytes);
  if (endpoint.access === 'public') {
    checkMethod(endpoint, request);
    exchange.quota = options.countCall(endpoint, request, undefined);
    const context = createContext(exchange, await readBody(request, limit));
    return withDeadline(Promise.resolve(endpoint.handle(request, context)), publicMs, giveUp);
  }
  const principal = await withDeadline(options.authenticate(request), authenticationMs, giveUp);
  const user = nameUser(principal);
  Object.assign(exchange.fields, { user, client: principal.clientId });
  checkMethod(endpoint, request);
  exchange.quota = options.countCall(endpoint, request, principal);
  place.claim(user);
  const context = createContext(exchange, await readBody(request, limit));
  return endpoint.handle(request, { ...context, principal });
}

function refuse(
  error: AppError,
  endpoint: Endpoint,
  exchange: Exchange,
  challenge: Challenge,
): Promise<Response> {
  Object.assign(exchange.fields, describeFailure(error));
  exchange.quota = error.quota ?? exchange.quota;
  auditRefusal(error, exchange);
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

async function handleGuarded(
  endpoint: Endpoint,
  request: Request,
  exchange: Exchange,
  options: GuardOptions,
  { origins, place }: { readonly origins: OriginPolicy; readonly place: Place },
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
  const response = await answer(endpoint, request, exchange, options, place);
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
    const { access } = endpoint;
    async function answerAlways(request: Request, exchange: Exchange): Promise<Response> {
      let response: Response;
      try {
        if (places.areTaken(access) && endpoint.vital !== true) throw new AppError('overloaded');
        response = await places.hold(access, (place) =>
          handleGuarded(endpoint, request, exchange, options, { origins, place }),
        );
      } catch (error) {
        response = await refuse(toAppError(error), endpoint, exchange, options.challenge);
      }
      logExchange(endpoint, request, response.status, exchange);
      startDeferred(exchange, options.deferredWork);
      return dress(response, securityHeaders, {
        'X-Request-Id': exchange.requestId,
        ...(exchange.quota !== undefined && describeQuota(exchange.quota)),
        ...origins.responseHeaders(endpoint, request.headers.get('origin')),
      });
    }

    const handle: GuardedHandler = (request, invocation = {}) => {
      const exchange = beginExchange(invocation, options);
      const { telemetry } = options;
      if (telemetry === undefined) return answerAlways(request, exchange);
      const observed = { endpoint, request, invocation, exchange };
      return observeRequest(telemetry, observed, () => answerAlways(request, exchange));
    };
    return {
      name: endpoint.name,
      path: endpoint.path,
      methods: [...listAllowed(endpoint), ...(endpoint.refusedMethods ?? [])],
      access,
      handle,
    };
  };
}
