import type { AuthenticatedContext, Endpoint, EndpointRoute, RequestContext } from './endpoint.ts';

/**
 * The endpoints of these routes, whose code is loaded with the first request to one of them: a cold start pays for what
 * it serves alone. Every route must be among what is loaded, by its name.
 */
export function createLateEndpoints(
  routes: readonly EndpointRoute[],
  load: () => Promise<readonly Endpoint[]>,
): readonly Endpoint[] {
  async function find(name: string): Promise<Endpoint> {
    const found = (await load()).find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no endpoint is named ${name}`);
    return found;
  }

  return routes.map((route) => ({
    ...route,
    async handle(request: Request, context: RequestContext) {
      // The guard has authenticated for what the route says, and what is loaded is made of the same route.
      return (await find(route.name)).handle(request, context as AuthenticatedContext);
    },
  }));
}
