import * as z from 'zod';
import type { PublicEndpoint } from '../http/endpoint.ts';
import { coreRoutes } from './routes.ts';

const livenessSchema = z.object({ status: z.literal('ok'), build: z.string(), version: z.string() });

/** `/healthz`: the process answers. Touches nothing, so that an outage elsewhere does not get instances restarted. */
export function createHealthzEndpoint({
  build,
  version,
}: {
  readonly build: string;
  readonly version: string;
}): PublicEndpoint {
  return {
    ...coreRoutes.healthz,
    docs: {
      summary: 'Liveness',
      responses: { 200: { description: 'The process answers', schema: livenessSchema } },
    },
    handle: () => Response.json({ status: 'ok', build, version }),
  };
}
