import { createRemoteJWKSet, jwtVerify } from 'jose';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is set by bench/server-process.ts`);
  return value;
}

const { issuer, audience, scope } = {
  issuer: required('BENCH_ISSUER'),
  audience: required('BENCH_AUDIENCE'),
  scope: required('BENCH_SCOPE'),
};

/** jose's own cache of keys, as its README shows it: Entra is asked for its keys once, and for an unknown `kid`. */
const keys = createRemoteJWKSet(new URL(required('BENCH_JWKS_URL')));

export const requiredScopes = [scope];

export interface VerifiedToken {
  readonly token: string;
  readonly clientId: string;
  readonly scopes: string[];
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** Verifies an Entra access token: signature, issuer, audience, times. Rejects with jose's error, on every call anew. */
export async function verifyEntraToken(token: string): Promise<VerifiedToken> {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    algorithms: ['RS256'],
    requiredClaims: ['exp'],
  });
  const { azp, scp, exp } = payload as { azp: string; scp: string; exp: number };
  return { token, clientId: azp, scopes: scp.split(' '), expiresAt: exp };
}
