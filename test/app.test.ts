import { describe, expect, it } from '@jest/globals';
import type { HttpFunctionOptions } from '@azure/functions';
import packageJson from '../package.json' with { type: 'json' };
import { createApp, productSurface } from '../src/app.ts';
import { registerRoutes } from '../src/azure/functions.ts';
import type { Route } from '../src/http/endpoint.ts';
import { createTestEnvironment } from './support/server.ts';

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

describe('the route table', () => {
  const { routes } = create(createTestEnvironment());

  it('has exactly these open routes; every other one wants a token', () => {
    const open = routes.filter((route) => route.access === 'public').map((route) => route.path);
    expect(open.sort()).toEqual([
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
    ]);
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
    }
  });

  const secret = 'hunter2';
  const { routes, lines } = create({ ENTRA_TENANT_ID: secret, TABLES_CONNECTION_STRING: secret });

  it('keeps every route, and tells every fault on /healthz and /health without any value', async () => {
    expect(routes.map((route) => route.path)).toEqual(
      create(createTestEnvironment()).routes.map((route) => route.path),
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
      ]);
      expect(body.faults.every((fault) => fault.example !== '')).toBe(true);
      expect(JSON.stringify(body)).not.toContain(secret);
    }
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
    ]);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });
});
