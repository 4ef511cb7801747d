import { _expectedIssuer, type AuthorizationServer } from 'oauth4webapi';
import { v2Issuer } from '../auth/entra-claims.ts';
import type { Config } from '../config.ts';

declare module 'oauth4webapi' {
  /** Exported for openid-client, and not declared: computes the issuer that an ID token must have from its claims. */
  const _expectedIssuer: unique symbol;
}

/** The tenant of personal Microsoft accounts. */
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

type EntraConfig = Pick<Config['entra'], 'authority' | 'tenantId' | 'allowedTenants'>;

/** Tenant segment of Entra's URLs: who may try to sign in. Who is let in, the verified token decides. */
function chooseSegment({ tenantId, allowedTenants }: EntraConfig): string {
  const [only, second] = allowedTenants;
  if (only !== undefined && second === undefined) return only;
  if (allowedTenants.includes(personalTenant)) return 'common';
  return tenantId === 'common' ? 'common' : 'organizations';
}

/** Whether this can be the issuer of a tenant. */
export function isTenantIssuer(authority: string, issuer: string): boolean {
  const prefix = `${authority}/`;
  return issuer.startsWith(prefix) && /^[0-9a-f-]{36}\/v2\.0$/i.test(issuer.slice(prefix.length));
}

/**
 * Entra as the client library sees it (RFC 8414 names). It follows from the authority, so nothing is fetched. ID tokens
 * come from the tenant of the person, which a shared segment leaves open: their issuer must be the one of their `tid`.
 */
export function describeEntra(entra: EntraConfig): AuthorizationServer & {
  readonly authorization_endpoint: string;
} {
  const base = `${entra.authority}/${chooseSegment(entra)}`;
  const expectIssuer = ({ claims }: { claims: { tid?: unknown } }) =>
    v2Issuer(entra.authority, String(claims.tid));
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    id_token_signing_alg_values_supported: ['RS256'],
    ...{ [_expectedIssuer]: expectIssuer },
  };
}
