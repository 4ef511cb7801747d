import { AppError } from '../errors.ts';
import type { ConfigFault } from '../config/fault.ts';
import type { Endpoint, PublicEndpoint } from '../http/endpoint.ts';

/**
 * What stands at an endpoint's place while the environment is faulty. The two health routes tell every fault (names,
 * problems and examples: never values); the others that the server is misconfigured. All of it is 503, open to all:
 * nobody can sign in to a server that does not know its tenant.
 */
export function createFaultyEndpoint(endpoint: Endpoint, faults: readonly ConfigFault[]): PublicEndpoint {
  const tells = endpoint.path === '/healthz' || endpoint.path === '/health';
  return {
    ...endpoint,
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
