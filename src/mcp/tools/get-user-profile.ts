import * as z from 'zod';
import { defineTool } from '../tool.ts';

export const getUserProfile = defineTool({
  name: 'get_user_profile',
  title: 'Your profile',
  description:
    'Tells who is signed in, as the access token says, and with which clients they have used this server.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({}),
  output: z.object({
    kind: z.enum(['user', 'application']),
    tenantId: z.string(),
    objectId: z.string(),
    name: z.string().optional(),
    username: z.string().optional(),
    scopes: z.array(z.string()),
    roles: z.array(z.string()),
    clients: z.array(
      z.object({
        clientId: z.string(),
        clientName: z.string().optional().describe('As the client calls itself'),
        protocolVersion: z.string().optional(),
        firstSeen: z.iso.datetime(),
        lastSeen: z.iso.datetime().describe('Up to a few minutes behind'),
      }),
    ),
  }),
  async handle(_input, { principal, sessions }) {
    const { kind, tenantId, objectId, name, username, scopes, roles } = principal;
    const clients = [...(await sessions.list(principal))];
    return { kind, tenantId, objectId, name, username, scopes: [...scopes], roles: [...roles], clients };
  },
});
