import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { LocalIdentity } from '../identity-endpoint.ts';
import { VaultRefusal } from './refusals.ts';

/** What tokens for a vault are asked for. */
const vaultResource = 'https://vault.azure.net';

function describeFault(error: unknown): { code: string; message: string } {
  if (error instanceof errors.JWTExpired) {
    return { code: 'TokenExpired', message: "[TokenExpired] Error validating token: 'S2S12086'." };
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    return { code: 'Unauthorized', message: `AKV10022: Invalid audience. Expected ${vaultResource}.` };
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') {
    return { code: 'Unauthorized', message: 'AKV10032: Invalid issuer.' };
  }
  return { code: 'Unauthorized', message: '[BearerReadAccessTokenFailed] Error validating token.' };
}

/**
 * Checks who calls a vault: a token of the identity, for vaults, that has not expired. Anything else is told, in the
 * challenge, where to get one; `authorization` is the sign-in page of the vault's tenant.
 */
export function createCallerCheck(
  { issuer, subject, jwksUri }: LocalIdentity,
  authorization: string,
): (header: string | undefined) => Promise<void> {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const challenge = `Bearer authorization="${authorization}", resource="${vaultResource}"`;

  function refuse(code: string, message: string): VaultRefusal {
    return new VaultRefusal(401, code, message, { headers: { 'WWW-Authenticate': challenge } });
  }

  return async function checkCaller(header) {
    const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
    if (token === undefined) {
      throw refuse('Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.');
    }
    let caller: string | undefined;
    try {
      const options = { issuer, audience: vaultResource, algorithms: ['RS256'], requiredClaims: ['exp'] };
      caller = (await jwtVerify(token, keys, options)).payload.sub;
    } catch (error) {
      const { code, message } = describeFault(error);
      throw refuse(code, message);
    }
    if (caller === subject) return;
    throw new VaultRefusal(403, 'Forbidden', 'Caller is not authorized to perform action on resource.', {
      innerCode: 'ForbiddenByRbac',
    });
  };
}
