import * as z from 'zod';
import type { BearerEndpoint } from '../http/endpoint.ts';
import { pageRoutes } from './routes.ts';

const principalSchema = z.object({
  kind: z.enum(['user', 'application']),
  tenantId: z.string(),
  objectId: z.string(),
  clientId: z.string(),
  name: z.string().optional(),
  username: z.string().optional(),
  scopes: z.array(z.string()),
  roles: z.array(z.string()),
  expiresAt: z.iso.datetime().nullable().describe('null when sign-in is switched off'),
});

/** `/me`: who the token says you are. */
export const meEndpoint: BearerEndpoint = {
  ...pageRoutes.me,
  docs: {
    summary: 'Who the token says you are',
    responses: { 200: { description: 'The principal that every tool would see', schema: principalSchema } },
  },
  handle(_request, { principal }) {
    const { kind, tenantId, objectId, clientId, name, username, scopes, roles, expiresAt } = principal;
    const ends = Number.isSafeInteger(expiresAt * 1_000) ? new Date(expiresAt * 1_000).toISOString() : null;
    return Response.json({
      kind,
      tenantId,
      objectId,
      clientId,
      name,
      username,
      scopes,
      roles,
      expiresAt: ends,
    });
  },
};
