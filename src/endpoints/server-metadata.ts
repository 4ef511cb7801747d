import * as z from 'zod';
import type { PublicEndpoint } from '../http/endpoint.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { openIdMembers, serverMetadataSchema } from '../oauth/server-metadata.ts';
import { signInRoutes } from './sign-in-routes.ts';

const cached = { headers: { 'Cache-Control': 'public, max-age=300' } };

/**
 * RFC 8414 metadata, the same with OpenID Connect's name and members for clients that look only there, and the public
 * keys.
 */
export function createServerMetadataEndpoints(server: AuthorizationServer): readonly PublicEndpoint[] {
  const { serverMetadata, serverMetadataMcp, openIdConfiguration, openIdConfigurationMcp, jwks } =
    signInRoutes;
  const responses = { 200: { description: 'What this server can do', schema: serverMetadataSchema } };
  const oauth = [serverMetadata, serverMetadataMcp].map((route): PublicEndpoint => ({
    ...route,
    docs: { summary: 'Authorization server metadata (RFC 8414)', responses },
    handle: () => Response.json(server.metadata, cached),
  }));
  const openId = [openIdConfiguration, openIdConfigurationMcp].map((route): PublicEndpoint => ({
    ...route,
    docs: { summary: 'The same metadata under the name of OpenID Connect Discovery', responses },
    handle: () => Response.json({ ...server.metadata, ...openIdMembers }, cached),
  }));
  const keys: PublicEndpoint = {
    ...jwks,
    docs: {
      summary: 'Public signing keys (RFC 7517), current and previous',
      responses: {
        200: {
          description: 'Keys of this server’s access tokens',
          schema: z.object({ keys: z.array(z.looseObject({})) }),
        },
      },
    },
    handle: async () => Response.json(await server.jwks(), cached),
  };
  return [...oauth, ...openId, keys];
}
