import type { EndpointRoute } from '../http/endpoint.ts';

const open = { methods: ['GET'], access: 'public' } as const;
/** Any page may read it. */
const document = { ...open, origins: 'any' } as const;

/** What a fresh instance is asked for first; its code is loaded at start. */
export const coreRoutes = {
  mcp: {
    name: 'mcp',
    path: '/mcp',
    methods: ['POST'],
    refusedMethods: ['GET', 'DELETE'],
    access: 'bearer',
    errors: 'json-rpc',
    counted: 'caller',
  },
  healthz: { ...document, name: 'healthz', path: '/healthz', vital: true },
} as const satisfies Readonly<Record<string, EndpointRoute>>;

/** What else there is without the authorization server; its code is loaded when it is needed. */
export const pageRoutes = {
  health: { ...document, name: 'health', path: '/health' },
  landing: { ...open, name: 'landing', path: '/' },
  docs: { ...open, name: 'docs', path: '/docs' },
  docsStyle: { ...open, name: 'docs-style', path: '/docs/swagger-ui.css' },
  docsScript: { ...open, name: 'docs-script', path: '/docs/swagger-ui-bundle.js' },
  docsStart: { ...open, name: 'docs-start', path: '/docs/start.js' },
  openapi: { ...document, name: 'openapi', path: '/openapi.json' },
  me: { name: 'me', path: '/me', methods: ['GET'], access: 'bearer' },
  echo: { name: 'echo', path: '/echo', methods: ['POST'], access: 'bearer' },
  // Where RFC 9728 derives it from the resource, and at the root, where some clients look first.
  resourceMetadata: {
    ...document,
    name: 'resource-metadata',
    path: '/.well-known/oauth-protected-resource',
  },
  resourceMetadataMcp: {
    ...document,
    name: 'resource-metadata-mcp',
    path: '/.well-known/oauth-protected-resource/mcp',
  },
} as const satisfies Readonly<Record<string, EndpointRoute>>;

/** Where a challenge points to. */
export function resourceMetadataUrl(publicBaseUrl: string): string {
  return `${publicBaseUrl}${pageRoutes.resourceMetadataMcp.path}`;
}
