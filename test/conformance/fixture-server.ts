import { HttpRequest, HttpResponse, InvocationContext } from '@azure/functions';
import { startHost, type Host } from '../../dev/host.ts';
import { createApp } from '../../src/app.ts';
import { createFunctionsHandler } from '../../src/azure/functions.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import type { Route } from '../../src/http/endpoint.ts';
import type { Surface } from '../../src/mcp/surface.ts';
import { createTestEnvironment } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';
import { fixtureInputTools, stateCodec } from './fixture-input-tools.ts';
import { fixtureLegacyTools } from './fixture-legacy-tools.ts';
import { fixturePrompts } from './fixture-prompts.ts';
import { fixtureResources } from './fixture-resources.ts';
import { fixtureTools } from './fixture-tools.ts';

const surface: Omit<Surface, 'logging'> = {
  tools: [...fixtureTools, ...fixtureInputTools, ...fixtureLegacyTools],
  resources: fixtureResources,
  prompts: fixturePrompts,
  requestState: stateCodec,
};

/** Calls a route as the Functions host does: through the adapter and the library's own request and response. */
function throughFunctions(route: Route, token: string) {
  const handle = createFunctionsHandler(route);
  return async (request: Request): Promise<Response> => {
    const { method, url } = request;
    const headers = { ...Object.fromEntries(request.headers), authorization: `Bearer ${token}` };
    const body = { bytes: new Uint8Array(await request.arrayBuffer()) };
    const context = new InvocationContext({ functionName: route.name, logHandler: () => undefined });
    const response = new HttpResponse(await handle(new HttpRequest({ method, url, headers, body }), context));
    return new Response(response.body as ReadableStream | null, response);
  };
}

/**
 * The product with the suite's tools, resources and prompts instead of its own, on a free port. The suite knows nothing
 * of tokens, so every request gets one of a user's on its way in; the guard and Entra's verifier are the product's.
 */
export async function startFixtureServer(options: { readonly logging: boolean }): Promise<Host> {
  const token = await userToken('alice');
  const mounted = Promise.withResolvers<(request: Request) => Promise<Response>>();
  const handle = async (request: Request) => (await mounted.promise)(request);
  const methods: Route['methods'] = ['POST', 'GET', 'DELETE', 'OPTIONS'];
  const host = await startHost([{ path: '/mcp', methods, handle }], { port: 0 });
  // The public URL holds the port, which is known only now.
  const environment = createTestEnvironment({ PUBLIC_BASE_URL: host.url });
  await createTables(loadConfig(environment).tables).ensureTables();
  const app = createApp(environment, { sink: () => undefined, surface: { ...surface, ...options } });
  const route = app.routes.find(({ path }) => path === '/mcp');
  if (route === undefined) throw new Error('The product has no route /mcp');
  mounted.resolve(throughFunctions(route, token));
  return {
    ...host,
    async stop() {
      await host.stop();
      await app.close();
    },
  };
}
