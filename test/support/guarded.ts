import { AppError } from '../../src/errors.ts';
import type { Principal } from '../../src/auth/principal.ts';
import type { Endpoint, PublicEndpoint, Route } from '../../src/http/endpoint.ts';
import { createDeferredWork } from '../../src/http/deferred-work.ts';
import { createGuard, type GuardOptions } from '../../src/http/guard.ts';

export const testPrincipal: Principal = {
  kind: 'user',
  tenantId: '11111111-1111-4111-8111-111111111111',
  objectId: '55555555-5555-4555-8555-555555555555',
  clientId: '66666666-6666-4666-8666-666666666666',
  scopes: ['access_as_user'],
  roles: [],
  expiresAt: 4_102_444_800,
};

/** An open endpoint that answers `{}`, changed as a test needs it. */
export function createTestEndpoint(changes: Partial<PublicEndpoint> = {}): PublicEndpoint {
  return {
    name: 'test',
    path: '/test',
    methods: ['GET', 'POST'],
    access: 'public',
    docs: { summary: 'For tests', responses: {} },
    handle: () => Response.json({}),
    ...changes,
  };
}

export interface GuardedForTest {
  readonly route: Route;
  /** Every log line, parsed. */
  readonly lines: Record<string, unknown>[];
  send(init?: RequestInit & { path?: string }): Promise<Response>;
}

/** Puts the guard around an endpoint; `Authorization: Bearer good` is the one token it accepts. */
export function guardForTest(endpoint: Endpoint, options: Partial<GuardOptions> = {}): GuardedForTest {
  const lines: Record<string, unknown>[] = [];
  const guard = createGuard({
    publicBaseUrl: 'https://mcp.example.com',
    allowedOrigins: ['https://app.example.com'],
    maxRequestBytes: 1_024,
    challenge: {
      resourceMetadataUrl: 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
      scopes: ['api://api/access_as_user'],
    },
    authenticate: (request) =>
      request.headers.get('authorization') === 'Bearer good'
        ? Promise.resolve(testPrincipal)
        : Promise.reject(new AppError('invalid_signature', { detail: 'only for the log' })),
    deferredWork: createDeferredWork(),
    logLevel: 'debug',
    sink: (_level, line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    ...options,
  });
  const route = guard(endpoint);
  return {
    route,
    lines,
    send: ({ path = endpoint.path, ...init } = {}) =>
      route.handle(new Request(`https://mcp.example.com${path}`, init)),
  };
}
