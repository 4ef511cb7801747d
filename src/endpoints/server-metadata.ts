import * as z from 'zod';
import type { PublicEndpoint } from '../http/endpoint.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { openIdMembers, serverMetadataSchema } from '../oauth/server-metadata.ts';

const cached = { headers: { 'Cache-Control': 'public, max-age=300' } };

const shared = { methods: ['GET'], access: 'public', origins: 'any' } as const;

/** Names and paths of one document: at the root, and where clients look that derive it from the URL of `/mcp`. */
function placesOf(name: string, document: string): readonly { name: string; path: string }[] {
  return [
    { name, path: `/.well-known/${document}` },
    { name: `${name}-mcp`, path: `/.well-known/${document}/mcp` },
  ];
}

/**
 * RFC 8414 metadata, the same with OpenID Connect's name and members for clients that look only there, and the public
 * keys.
 */
export function createServerMetadataEndpoints(server: AuthorizationServer): readonly PublicEndpoint[] {
  const oauth = placesOf('server-metadata', 'oauth-authorization-server').map((place): PublicEndpoint => ({
    ...shared,
    ...place,
    docs: {
      summary: 'Authorization server metadata (RFC 8414)',
      responses: { 200: { description: 'What this server can do', schema: serverMetadataSchema } },
    },
    handle: () => Response.json(server.metadata, cached),
  }));
  const openId = placesOf('openid-configuration', 'openid-configuration').map((place): PublicEndpoint => ({
    ...shared,
    ...place,
    docs: {
      summary: 'The same metadata under the name of OpenID Connect Discovery',
      responses: { 200: { description: 'What this server can do', schema: serverMetadataSchema } },
    },
    handle: () => Response.json({ ...server.metadata, ...openIdMembers }, cached),
  }));
  const jwks: PublicEndpoint = {
    ...shared,
    name: 'jwks',
    path: '/.well-known/jwks.json',
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
  return [...oauth, ...openId, jwks];
}
