import type { CryptoKey } from 'jose';
import * as z from 'zod';
import { AppError, describeError } from '../errors.ts';
import type { CountLookup } from '../telemetry/telemetry.ts';
import { expirySchema, parseClaims, readHeader, requireKeyId, verifyJwt } from './jwt.ts';
import type { Principal } from './principal.ts';
import { requireAny, splitScopes } from './scopes.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

const algorithm = 'ES256';

/** Media types of a JWT access token, with and without its prefix (RFC 9068 section 4). */
const tokenTypes: readonly unknown[] = ['at+jwt', 'application/at+jwt'];

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  exp: expirySchema,
  sub: z.string(),
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  client_id: z.string().min(1),
  /** Absent where none was granted (RFC 9068 section 2.2.3). */
  scope: z.string().default(''),
  gid: z.string().min(1),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  roles: z.array(z.string()).default([]),
  // Bound to a key that a bearer does not show (RFC 7800 section 3.1).
  cnf: z.never().optional(),
});

type SessionClaims = z.infer<typeof claimsSchema>;

/** What a verified token stands on: its key and its grant. */
interface Proof {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly grantId: string;
}

export interface SessionVerifierOptions {
  /** The public base URL. */
  readonly issuer: string;
  /** The URL of `/mcp`. */
  readonly resource: string;
  /** Short names; a token must hold one of them. */
  readonly requiredScopes: readonly string[];
  readonly keys: SigningKeys;
  /** Whether the grant behind a token still stands. What it throws is passed on. */
  readonly isLive: (grantId: string) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly countLookup?: CountLookup | undefined;
}

export interface SessionVerifier {
  readonly issuer: string;
  /**
   * The principal of an access token of this server (RFC 9068), always a user. Of a token that was verified before,
   * what may have changed is checked: its time, its key and its grant.
   * @throws AppError with the code of the first check that fails: shape, algorithm, type, key, signature, times,
   *   issuer, audience, claims, scope, grant. Nothing about claims is told before the signature holds.
   */
  verify(token: string): Promise<Principal>;
  /**
   * Which grant an access token of this server was issued under and to whom, whether or not the grant still stands.
   * Undefined for a token that `verify` would refuse for what it is.
   */
  read(
    token: string,
  ): Promise<
    | ({ readonly clientId: string; readonly grantId: string } & Pick<Principal, 'tenantId' | 'objectId'>)
    | undefined
  >;
}

/** The key id of a token that could be an access token of this server. */
function readKeyId(token: string): string {
  const header = readHeader(token, algorithm);
  // The same keys may sign ID tokens and more.
  if (!tokenTypes.includes(header.typ)) throw new AppError('wrong_token_type');
  return requireKeyId(header);
}

function checkClaims(claims: SessionClaims, { issuer, resource }: SessionVerifierOptions): void {
  if (claims.iss !== issuer) throw new AppError('wrong_issuer', { detail: `iss ${claims.iss}` });
  if (claims.aud !== resource) throw new AppError('wrong_audience', { detail: `aud ${claims.aud}` });
  if (claims.sub !== `${claims.tid}.${claims.oid}`)
    throw new AppError('invalid_claims', { detail: 'sub is not {tid}.{oid}' });
}

function toPrincipal(claims: SessionClaims): Principal {
  return Object.freeze({
    kind: 'user',
    tenantId: claims.tid,
    objectId: claims.oid,
    clientId: claims.client_id,
    scopes: splitScopes(claims.scope),
    roles: claims.roles,
    ...(claims.name !== undefined && { name: claims.name }),
    ...(claims.preferred_username !== undefined && { username: claims.preferred_username }),
    expiresAt: claims.exp,
  });
}

export function createSessionVerifier(options: SessionVerifierOptions): SessionVerifier {
  const { issuer, requiredScopes, keys, isLive, now = Date.now, countLookup } = options;

  const verified = createVerifiedTokens<Proof>({ now, countLookup });

  async function readClaims(token: string): Promise<{ claims: SessionClaims; kid: string; key: CryptoKey }> {
    const kid = readKeyId(token);
    const key = await keys.findPublicKey(kid);
    if (key === undefined) throw new AppError('unknown_signing_key');
    const claims = parseClaims(claimsSchema, await verifyJwt(token, key, { algorithm, now: now() }));
    checkClaims(claims, options);
    return { claims, kid, key };
  }

  async function verifyAfresh(token: string): Promise<Proof & { readonly principal: Principal }> {
    const { claims, kid, key } = await readClaims(token);
    const principal = toPrincipal(claims);
    requireAny(principal.scopes, requiredScopes, 'missing_scope');
    const found = { principal, kid, key, grantId: claims.gid };
    verified.remember(token, found);
    return found;
  }

  return {
    issuer,
    async verify(token) {
      const known = verified.find(token);
      const holds = known !== undefined && (await keys.findPublicKey(known.kid)) === known.key;
      const { principal, grantId } = holds ? known : await verifyAfresh(token);
      if (!(await isLive(grantId))) throw new AppError('revoked_token');
      return principal;
    },
    async read(token) {
      try {
        const { claims } = await readClaims(token);
        const { client_id: clientId, gid: grantId, tid: tenantId, oid: objectId } = claims;
        return { clientId, grantId, tenantId, objectId };
      } catch (error) {
        if (error instanceof AppError && describeError(error.code).status === 401) return undefined;
        throw error;
      }
    },
  };
}
