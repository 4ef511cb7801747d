import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { checkAudience, checkIssuer, checkTenant, parseClaims, toPrincipal } from './entra-claims.ts';
import { createJwksCache, type JwksCache, type SigningKey } from './jwks-cache.ts';
import type { Principal } from './principal.ts';

/** Clock skew that is forgiven, seconds. */
const clockToleranceSeconds = 60;
/** Longest token looked at; Entra's stay below 8 KiB. */
const maxTokenLength = 16_384;

/** Where the keys for the accepted tenants are: the tenant's own set, or the shared one when there are several. */
export function jwksUrl({ authority, tenantId, allowedTenants }: Config['entra']): string {
  const onlyOwn = allowedTenants.every((tenant) => tenant === tenantId);
  return `${authority}/${onlyOwn ? tenantId : 'common'}/discovery/v2.0/keys`;
}

/** The key id of a token that could be one of Entra's. */
function readKeyId(token: string): string {
  if (token.length > maxTokenLength)
    throw new AppError('malformed_token', { detail: `${token.length} characters` });
  let header;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new AppError('malformed_token', { cause: error });
  }
  if (header.alg !== 'RS256') throw new AppError('unsupported_algorithm');
  // Entra's mark of a token for one of Microsoft's own APIs (Graph): no other API can verify its signature.
  if ('nonce' in header)
    throw new AppError('wrong_audience', { detail: 'nonce in the header: a token for Graph' });
  if (header.kid === undefined) throw new AppError('unknown_signing_key', { detail: 'no kid' });
  return header.kid;
}

function toVerificationError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new AppError('expired_token', { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    const code =
      error.claim === 'nbf' && error.reason === 'check_failed' ? 'token_not_yet_valid' : 'invalid_claims';
    return new AppError(code, { cause: error });
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new AppError('invalid_signature', { cause: error });
  return error instanceof errors.JOSEError ? new AppError('malformed_token', { cause: error }) : error;
}

async function verifySignature(token: string, { key }: SigningKey, now: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    throw toVerificationError(error);
  }
}

export interface EntraVerifier {
  /**
   * The principal of an Entra access token, v1 or v2, for this API.
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
  }: { now?: () => number; keys?: JwksCache } = {},
): EntraVerifier {
  return {
    async verify(token) {
      const signingKey = await keys.find(readKeyId(token));
      if (signingKey === undefined) throw new AppError('unknown_signing_key');
      const claims = parseClaims(await verifySignature(token, signingKey, now()));
      checkTenant(claims, config);
      checkIssuer(claims, signingKey.issuer, config);
      checkAudience(claims, config);
      return toPrincipal(claims, config);
    },
    check: () => keys.check(),
  };
}
