import * as z from 'zod';
import type { PublicEndpoint } from '../http/endpoint.ts';
import { pageRoutes } from './routes.ts';

/** RFC 9728 section 2, the members that this server has something to say about. */
const metadataSchema = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()),
  scopes_supported: z.array(z.string()),
  bearer_methods_supported: z.array(z.literal('header')),
  resource_name: z.string(),
  resource_documentation: z.url(),
});

export interface ResourceMetadataOptions {
  /** An origin. */
  readonly publicBaseUrl: string;
  /** Issuers whose tokens `/mcp` accepts. */
  readonly authorizationServers: readonly string[];
  /** As the authorization server names them. */
  readonly scopes: readonly string[];
  readonly resourceName: string;
}

/** RFC 9728 metadata of `/mcp`, the same document at both places. */
export function createResourceMetadataEndpoints(options: ResourceMetadataOptions): readonly PublicEndpoint[] {
  const { publicBaseUrl, authorizationServers, scopes, resourceName } = options;
  const metadata: z.infer<typeof metadataSchema> = {
    resource: `${publicBaseUrl}/mcp`,
    authorization_servers: [...authorizationServers],
    scopes_supported: [...scopes],
    bearer_methods_supported: ['header'],
    resource_name: resourceName,
    resource_documentation: `${publicBaseUrl}/`,
  };
  const shared = {
    docs: {
      summary: 'Protected resource metadata (RFC 9728)',
      responses: {
        200: { description: 'Where to get a token for /mcp, and with which scopes', schema: metadataSchema },
      },
    },
    handle: () => Response.json(metadata, { headers: { 'Cache-Control': 'public, max-age=300' } }),
  };
  return [
    { ...pageRoutes.resourceMetadata, ...shared },
    { ...pageRoutes.resourceMetadataMcp, ...shared },
  ];
}
