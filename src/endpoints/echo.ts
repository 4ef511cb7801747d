import * as z from 'zod';
import { parseJsonBody } from '../http/body.ts';
import type { BearerEndpoint } from '../http/endpoint.ts';
import { pageRoutes } from './routes.ts';

/** `/echo`: the JSON that was sent, for checking that token, body and headers get through. */
export const echoEndpoint: BearerEndpoint = {
  ...pageRoutes.echo,
  docs: {
    summary: 'Echoes JSON',
    request: { schema: z.json(), example: { hello: 'world' } },
    responses: { 200: { description: 'What was sent', schema: z.object({ echo: z.json() }) } },
  },
  handle(request, { body }) {
    parseJsonBody(request, body);
    // As it came: writing it anew would lose what JavaScript cannot hold (large numbers).
    return new Response(`{"echo":${body}}`, { headers: { 'Content-Type': 'application/json' } });
  },
};
