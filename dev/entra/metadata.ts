import type { SigningKeys } from './keys.ts';
import { isShared } from './tenancy.ts';
import type { Endpoint } from './tenancy.ts';

/** Where a shared endpoint cannot know the tenant, Entra publishes this literal for the verifier to fill in. */
function issuerOf(authority: string, tenant: string): string {
  return `${authority}/${isShared(tenant) ? '{tenantid}' : tenant}/v2.0`;
}

/**
 * Answers `/{tenant}/v2.0/.well-known/openid-configuration`. Like Entra's, the document does not name
 * `code_challenge_methods_supported`, although S256 works.
 */
export function createConfigurationEndpoint(authority: string): Endpoint {
  return function answerConfiguration(ctx, tenant) {
    const base = `${authority}/${tenant}`;
    ctx.set('access-control-allow-origin', '*');
    ctx.body = {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: issuerOf(authority, tenant),
      request_uri_parameter_supported: false,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      claims_supported: [
        'sub',
        'iss',
        'aud',
        'exp',
        'iat',
        'nonce',
        'preferred_username',
        'name',
        'tid',
        'ver',
      ],
    };
  };
}

/** Answers `/{tenant}/discovery/v2.0/keys`: each key says for which issuer it signs. */
export function createKeysEndpoint(authority: string, keys: SigningKeys): Endpoint {
  return function answerKeys(ctx, tenant) {
    ctx.set('access-control-allow-origin', '*');
    ctx.body = { keys: keys.published().map((key) => ({ ...key, issuer: issuerOf(authority, tenant) })) };
  };
}
