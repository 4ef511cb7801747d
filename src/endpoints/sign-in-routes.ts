import type { EndpointRoute } from '../http/endpoint.ts';
import { consentPath } from '../oauth/authorization-request.ts';

const document = { methods: ['GET'], access: 'public', origins: 'any' } as const;
/** What clients call without a browser. */
const call = { methods: ['POST'], access: 'public', origins: 'any' } as const;
/** What a person's browser goes to. */
const visit = { methods: ['GET'], access: 'public', origins: 'form', errors: 'page' } as const;

/**
 * What the authorization server adds; its code is loaded when it is needed. Where nothing is counted here, the storage
 * counts for all instances (sign-ins that are begun, registrations), or there is nothing but a document.
 */
export const signInRoutes = {
  // Each document at the root, and where clients look that derive it from the URL of `/mcp`.
  serverMetadata: {
    ...document,
    name: 'server-metadata',
    path: '/.well-known/oauth-authorization-server',
  },
  serverMetadataMcp: {
    ...document,
    name: 'server-metadata-mcp',
    path: '/.well-known/oauth-authorization-server/mcp',
  },
  openIdConfiguration: {
    ...document,
    name: 'openid-configuration',
    path: '/.well-known/openid-configuration',
  },
  openIdConfigurationMcp: {
    ...document,
    name: 'openid-configuration-mcp',
    path: '/.well-known/openid-configuration/mcp',
  },
  jwks: { ...document, name: 'jwks', path: '/.well-known/jwks.json' },
  authorize: { ...visit, name: 'authorize', path: '/auth/authorize' },
  consent: {
    ...visit,
    name: 'consent',
    path: consentPath,
    methods: ['GET', 'POST'],
    maxBodyBytes: 8_192,
    counted: 'address',
  },
  callback: { ...visit, name: 'callback', path: '/auth/callback', counted: 'address' },
  token: { ...call, name: 'token', path: '/auth/token', maxBodyBytes: 32_768, counted: 'address' },
  revoke: { ...call, name: 'revoke', path: '/auth/revoke', maxBodyBytes: 32_768, counted: 'address' },
  // What oidc-provider takes at most.
  register: { ...call, name: 'register', path: '/auth/register', maxBodyBytes: 56 * 1_024 },
  login: { ...visit, name: 'login', path: '/auth/login', counted: 'address' },
  logout: {
    ...visit,
    name: 'logout',
    path: '/auth/logout',
    methods: ['POST'],
    maxBodyBytes: 8_192,
    counted: 'address',
  },
} as const satisfies Readonly<Record<string, EndpointRoute>>;

/** @param registration whether clients may register themselves */
export function listSignInRoutes({
  registration,
}: {
  readonly registration: boolean;
}): readonly EndpointRoute[] {
  return Object.values(signInRoutes).filter((route) => registration || route !== signInRoutes.register);
}
