import { AppError } from '../errors.ts';
import { readUnverifiedIssuer } from './jwt.ts';
import type { Principal } from './principal.ts';

/**
 * The token of an Authorization header (RFC 6750 section 2.1, the only way MCP allows).
 * @throws AppError `missing_token`, `unsupported_scheme`, `malformed_token`
 */
export function readBearerToken(header: string | null): string {
  if (header === null || header.trim() === '') throw new AppError('missing_token');
  const [scheme = '', ...rest] = header.trim().split(/ +/);
  if (scheme.toLowerCase() !== 'bearer') throw new AppError('unsupported_scheme');
  if (rest.length === 0) throw new AppError('missing_token', { detail: 'Bearer without a token' });
  // Two Authorization headers arrive joined by a comma: as with blanks, which token was meant cannot be told.
  const [token = ''] = rest;
  if (rest.length > 1 || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw new AppError('malformed_token');
  return token;
}

export interface TokenVerifier {
  /** @throws AppError saying why the token is refused, or why that cannot be told */
  verify(token: string): Promise<Principal>;
}

export interface Verifiers {
  readonly entra: TokenVerifier;
  /** For the tokens whose `iss` is exactly this issuer. Absent where this server issues none. */
  readonly own?: TokenVerifier & { readonly issuer: string };
}

/**
 * Authenticates by bearer token. The issuer that a token names decides who verifies it, and with that the keys and the
 * algorithm; every other token is Entra's to refuse.
 */
export function createAuthenticator({ entra, own }: Verifiers) {
  return async function authenticate(request: Request): Promise<Principal> {
    const token = readBearerToken(request.headers.get('authorization'));
    const isOwn = own !== undefined && readUnverifiedIssuer(token) === own.issuer;
    return (isOwn ? own : entra).verify(token);
  };
}

/** Whom every request acts for when AUTH_REQUIRED is false: ids that no tenant has. */
export const localPrincipal: Principal = Object.freeze({
  kind: 'user',
  tenantId: '00000000-0000-0000-0000-000000000000',
  objectId: '00000000-0000-0000-0000-000000000001',
  clientId: '00000000-0000-0000-0000-000000000002',
  scopes: [],
  roles: [],
  name: 'Local user',
  expiresAt: Number.MAX_SAFE_INTEGER,
});
