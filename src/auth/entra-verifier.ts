import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { CountLookup } from '../telemetry/telemetry.ts';
import { checkAudience, checkIssuer, checkTenant, parseEntraClaims, toPrincipal } from './entra-claims.ts';
import { createJwksCache, type JwksCache, type SigningKey } from './jwks-cache.ts';
import { readHeader, requireKeyId, verifyJwt } from './jwt.ts';
import type { Principal } from './principal.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

/** Where the keys for the accepted tenants are: the tenant's own set, or the shared one when there are several. */
export function jwksUrl({ authority, tenantId, allowedTenants }: Config['entra']): string {
  const onlyOwn = allowedTenants.every((tenant) => tenant === tenantId);
  return `${authority}/${onlyOwn ? tenantId : 'common'}/discovery/v2.0/keys`;
}

const algorithm = 'RS256';

/** The key id of a token that could be one of Entra's. */
function readKeyId(token: string): string {
  const header = readHeader(token, algorithm);
  // Entra's mark of a token for one of Microsoft's own APIs (Graph): no other API can verify its signature.
  if ('nonce' in header)
    throw new AppError('wrong_audience', { detail: 'nonce in the header: a token for Graph' });
  return requireKeyId(header);
}

export interface EntraVerifier {
  /**
   * The principal of an Entra access token, v1 or v2, for this API. Of a token that was verified before, what may have
   * changed is checked: its time and its key.
   * @throws AppError with the code of the first check that fails: shape, key, signature, times, tenant, issuer,
   *   audience, kind, client, permission. Nothing about claims is told before the signature holds.
   */
  verify(token: string): Promise<Principal>;
  /** Resolves when tokens could be verified now. @throws AppError `signing_keys_unavailable` */
  check(): Promise<void>;
}

export function createEntraVerifier(
  config: Config['entra'],
  {
    now = Date.now,
    keys = createJwksCache(jwksUrl(config), { now }),
    countLookup,
  }: { now?: () => number; keys?: JwksCache; countLookup?: CountLookup | undefined } = {},
): EntraVerifier {
  const verified = createVerifiedTokens<{ readonly kid: string; readonly signingKey: SigningKey }>({
    now,
    countLookup,
  });

  return {
    async verify(token) {
      const known = verified.find(token);
      // Only while its key is published: a key that was withdrawn, or came anew, verifies nothing by having done so once.
      if (known !== undefined && (await keys.find(known.kid)) === known.signingKey) return known.principal;
      const kid = readKeyId(token);
      const signingKey = await keys.find(kid);
      if (signingKey === undefined) throw new AppError('unknown_signing_key');
      const claims = parseEntraClaims(await verifyJwt(token, signingKey.key, { algorithm, now: now() }));
      checkTenant(claims, config);
      checkIssuer(claims, signingKey.issuer, config);
      checkAudience(claims, config);
      const principal = toPrincipal(claims, config);
      verified.remember(token, { principal, kid, signingKey });
      return principal;
    },
    check: () => keys.check(),
  };
}
