import { describe, expect, it } from '@jest/globals';
import type { HttpFunctionOptions } from '@azure/functions';
import packageJson from '../package.json' with { type: 'json' };
import { createApp, productSurface } from '../src/app.ts';
import { registerRoutes } from '../src/azure/functions.ts';
import type { Route } from '../src/http/endpoint.ts';
import { createProxyEnvironment, createTestEnvironment } from './support/server.ts';

function create(environment: NodeJS.ProcessEnv) {
  const lines: Record<string, unknown>[] = [];
  const sink = (_level: string, line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { ...createApp(environment, { sink }), lines };
}

function find(routes: readonly Route[], path: string): Route {
  const route = routes.find((candidate) => candidate.path === path);
  if (route === undefined) throw new Error(`no route ${path}`);
  return route;
}

async function get(routes: readonly Route[], path: string): Promise<Response> {
  return find(routes, path).handle(new Request(`http://localhost:7071${path}`));
}

/** What is open without the authorization server. */
const openRoutes = [
  '/',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/docs',
  '/docs/start.js',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui.css',
  '/health',
  '/healthz',
  '/openapi.json',
];

/** What the authorization server adds, every route of it open. */
const signInRoutes = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
  '/auth/authorize',
  '/auth/callback',
  '/auth/consent',
  '/auth/login',
  '/auth/logout',
  '/auth/register',
  '/auth/revoke',
  '/auth/token',
];

describe.each([
  ['the route table', createProxyEnvironment(), [...openRoutes, ...signInRoutes]],
  ['the route table with OAUTH_PROXY=off', createTestEnvironment(), openRoutes],
])('%s', (_name, environment, expected) => {
  const { routes } = create(environment);

  it('has exactly these open routes; every other one wants a token', () => {
    const open = routes.filter((route) => route.access === 'public').map((route) => route.path);
    expect(open.sort()).toEqual([...expected].sort());
    const closed = routes.filter((route) => route.access === 'bearer').map((route) => route.path);
    expect(closed.sort()).toEqual(['/echo', '/mcp', '/me']);
  });

  it('has each path and each name once, in the form that Functions accepts', () => {
    expect(new Set(routes.map((route) => route.path)).size).toBe(routes.length);
    expect(new Set(routes.map((route) => route.name)).size).toBe(routes.length);
    for (const { name, path } of routes) {
      expect(name).toMatch(/^[A-Za-z][\w-]{0,127}$/);
      expect(path).toMatch(/^\/(?!admin|runtime)/);
    }
  });

  it('is what Functions gets, route for route', () => {
    const registered: (HttpFunctionOptions & { name: string })[] = [];
    registerRoutes(
      { setup: () => undefined, http: (name, options) => void registered.push({ name, ...options }) },
      routes,
    );
    expect(registered.map(({ name, route, methods }) => [name, route, methods])).toEqual(
      routes.map(({ name, path, methods }) => [
        name,
        path === '/' ? '{ignored:maxlength(0)?}' : path.slice(1),
        methods,
      ]),
    );
  });

  it('reports build and version on /healthz', async () => {
    expect(await (await get(routes, '/healthz')).json()).toEqual({
      status: 'ok',
      build: 'test-build',
      version: packageJson.version,
    });
  });
});

describe('the resource metadata with OAUTH_PROXY=off', () => {
  const { routes } = create(createTestEnvironment());

  it.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])(
    'names Entra as the authorization server in %s, readable by every page',
    async (path) => {
      const response = await get(routes, path);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(await response.json()).toEqual({
        resource: 'http://localhost:7071/mcp',
        authorization_servers: [
          `${process.env.TEST_ENTRA_AUTHORITY ?? ''}/11111111-1111-4111-8111-111111111111/v2.0`,
        ],
        scopes_supported: ['api://11111111-1111-4111-8111-111111111111/mcp-server/access_as_user'],
        bearer_methods_supported: ['header'],
        resource_name: 'Entra MCP server',
        resource_documentation: 'http://localhost:7071/',
      });
    },
  );
});

describe('a mistake in the code', () => {
  it('does not leave every route 404 either', async () => {
    const lines: string[] = [];
    const surface = { ...productSurface, tools: [...productSurface.tools, ...productSurface.tools] };
    const { routes } = createApp(createTestEnvironment(), {
      surface,
      sink: (_level, line) => lines.push(line),
    });
    const response = await get(routes, '/healthz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ faults: [{ name: 'startup' }] });
    expect(lines.join()).toContain('Two tools are named');
  });
});

describe('with AUTH_REQUIRED=false', () => {
  it('acts for one fixed local user, and warns at start', async () => {
    const { routes, lines } = create(createTestEnvironment({ AUTH_REQUIRED: 'false' }));
    expect(lines).toEqual([{ level: 'warn', event: 'auth_disabled', setting: 'AUTH_REQUIRED' }]);
    const response = await get(routes, '/me');
    expect(await response.json()).toMatchObject({ kind: 'user', name: 'Local user', expiresAt: null });
  });
});

describe('a faulty environment', () => {
  it('tells so under the name that Azure gives a server, too', async () => {
    const { routes } = create({});
    for (const path of ['/healthz', '/health', '/me']) {
      const response = await find(routes, path).handle(
        new Request(`https://func-x.azurewebsites.net${path}`),
      );
      expect([path, response.status]).toEqual([path, 503]);
      expect(await response.text()).toContain('misconfigured');
    }
  });

  const secret = 'hunter2';
  const { routes, lines } = create({ ENTRA_TENANT_ID: secret, TABLES_CONNECTION_STRING: secret });

  it('keeps every route, and tells every fault on /healthz and /health without any value', async () => {
    expect(routes.map((route) => route.path)).toEqual(
      create(createProxyEnvironment()).routes.map((route) => route.path),
    );
    for (const path of ['/healthz', '/health']) {
      const response = await get(routes, path);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
      const body = (await response.json()) as { status: string; faults: { name: string; example: string }[] };
      expect(body.status).toBe('misconfigured');
      expect(body.faults.map((fault) => fault.name)).toEqual([
        'PUBLIC_BASE_URL',
        'ENTRA_TENANT_ID',
        'TABLES_CONNECTION_STRING',
        'ENTRA_AUDIENCES',
        'ENTRA_CLIENT_ID',
        'KEY_VAULT_URL',
      ]);
      expect(body.faults.every((fault) => fault.example !== '')).toBe(true);
      expect(JSON.stringify(body)).not.toContain(secret);
    }
  });

  it.each([
    ['a redirect URI that is a script', [{ client_id: 'a', redirect_uris: ['javascript:hunter2'] }], '[0]'],
    [
      'a client that proves itself without keys',
      [
        { client_id: 'a', redirect_uris: ['https://hunter2.example/cb'] },
        {
          client_id: 'hunter2',
          redirect_uris: ['https://hunter2.example/cb'],
          token_endpoint_auth_method: 'private_key_jwt',
        },
      ],
      '[1]',
    ],
    [
      'one id twice',
      [1, 2].map((n) => ({ client_id: 'hunter2', redirect_uris: [`https://hunter2.example/${n}`] })),
      'twice',
    ],
    [
      'a redirect URI on this server',
      [{ client_id: 'hunter2', redirect_uris: ['https://own.example/hunter2'] }],
      'own',
    ],
  ])('S23: names a listed client that cannot be used, at start: %s', async (_case, clients, told) => {
    const OAUTH_PREREGISTERED_CLIENTS = JSON.stringify(clients);
    const environment = createProxyEnvironment({
      PUBLIC_BASE_URL: 'https://own.example',
      OAUTH_PREREGISTERED_CLIENTS,
    });
    const faulty = create(environment);
    const response = await get(faulty.routes, '/healthz');
    expect(response.status).toBe(503);
    const body = (await response.json()) as { status: string; faults: Record<string, string>[] };
    expect(body.status).toBe('misconfigured');
    expect(body.faults).toEqual([
      expect.objectContaining({
        name: 'OAUTH_PREREGISTERED_CLIENTS',
        problem: expect.stringContaining(told),
      }),
    ]);
    expect(JSON.stringify([body, faulty.lines])).not.toContain('hunter2');
    expect(faulty.lines.filter(({ event }) => event === 'start_fault')).toMatchObject([
      { level: 'error', event: 'start_fault', name: 'OAUTH_PREREGISTERED_CLIENTS' },
    ]);
    const token = await find(faulty.routes, '/auth/token').handle(
      new Request('https://misconfigured.invalid/auth/token', { method: 'POST' }),
    );
    expect([token.status, await token.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'misconfigured' }),
    ]);
  });

  it('answers 503 everywhere else, a token or not', async () => {
    for (const path of ['/me', '/']) {
      const response = await get(routes, path);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'misconfigured' });
    }
  });

  it('is loud in the log: one line a fault', () => {
    const faults = lines.filter((line) => line.event === 'start_fault');
    expect(faults.map((line) => [line.level, line.name])).toEqual([
      ['error', 'PUBLIC_BASE_URL'],
      ['error', 'ENTRA_TENANT_ID'],
      ['error', 'TABLES_CONNECTION_STRING'],
      ['error', 'ENTRA_AUDIENCES'],
      ['error', 'ENTRA_CLIENT_ID'],
      ['error', 'KEY_VAULT_URL'],
    ]);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });
});
