import { AppError } from '../errors.ts';
import type { ConfigFault } from '../config/fault.ts';
import type { Endpoint, EndpointRoute } from '../http/endpoint.ts';
import { coreRoutes, pageRoutes } from './routes.ts';

/**
 * What stands at an endpoint's place while the environment is faulty. The two health routes tell every fault (names,
 * problems and examples: never values); the others that the server is misconfigured. All of it is 503, open to all:
 * nobody can sign in to a server that does not know its tenant.
 */
export function createFaultyEndpoint(route: EndpointRoute, faults: readonly ConfigFault[]): Endpoint {
  const tells = route.path === coreRoutes.healthz.path || route.path === pageRoutes.health.path;
  return {
    ...route,
    access: 'public',
    handle() {
      if (!tells) throw new AppError('misconfigured');
      return Response.json(
        { status: 'misconfigured', faults },
        { status: 503, headers: { 'Retry-After': '60' } },
      );
    },
  };
}
