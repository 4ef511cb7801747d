import type { CatalogueEntry } from './entry.ts';

/** Tokens that are refused: 401, and 403 for what they do not permit. */
export const tokenErrors = {
  // 401: no usable token. RFC 6750 section 3.1: no error code when no bearer token was sent.
  missing_token: {
    status: 401,
    message: 'No access token was sent. Send "Authorization: Bearer <access token>".',
  },
  unsupported_scheme: {
    status: 401,
    message:
      'The Authorization header does not use the Bearer scheme. Send "Authorization: Bearer <access token>".',
  },
  malformed_token: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token is not a JSON Web Token. Send exactly one token, as the identity provider issued it.',
  },
  unsupported_algorithm: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token is not signed with the algorithm of its issuer: RS256 of Microsoft Entra, ES256 of this server.',
  },
  unknown_signing_key: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token is signed with a key that its issuer does not publish. Request a new token.',
  },
  invalid_signature: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The signature of the access token does not verify. Request a new token from its issuer.',
  },
  invalid_claims: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token lacks a required claim or carries one of the wrong type. Request an access token for this API.',
  },
  expired_token: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token has expired. Request a new one.',
  },
  token_not_yet_valid: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token is not valid yet. Check the clocks of the client and the server.',
  },
  wrong_tenant: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token comes from a tenant that this server does not accept. Sign in with an account of an accepted tenant, or list the tenant in ENTRA_ALLOWED_TENANTS.',
  },
  wrong_issuer: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The issuer of the access token is not the one of its tenant and token version. Check ENTRA_AUTHORITY and ENTRA_TENANT_ID.',
  },
  wrong_audience: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token was issued for another API. Request one with the scope of this server, or list the audience in ENTRA_AUDIENCES.',
  },
  id_token: {
    status: 401,
    oauth: 'invalid_token',
    message: 'An ID token was sent. Send the access token that was issued for this API.',
  },
  wrong_token_type: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'This token of this server is not an access token for /mcp. Send the access token that the token endpoint gave.',
  },
  revoked_token: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The sign-in behind this access token has ended. Sign in again.',
  },
  missing_scope: {
    status: 403,
    oauth: 'insufficient_scope',
    message:
      'The access token carries none of the scopes that this server requires (ENTRA_REQUIRED_SCOPES). Request one of the scopes named in the challenge.',
  },
  missing_role: {
    status: 403,
    oauth: 'insufficient_scope',
    message:
      'The application has none of the app roles that this server requires (ENTRA_REQUIRED_APP_ROLES). Assign the role to it and request a new token.',
  },
  client_not_allowed: {
    status: 403,
    oauth: 'access_denied',
    message:
      'This client application may not use this server. List its id in ENTRA_ALLOWED_CLIENT_IDS to allow it.',
  },
} as const satisfies Record<string, CatalogueEntry>;
