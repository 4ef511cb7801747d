import { AppError } from '../errors.ts';
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

/** Authenticates by bearer token. */
export function createAuthenticator(verify: (token: string) => Promise<Principal>) {
  return async function authenticate(request: Request): Promise<Principal> {
    return verify(readBearerToken(request.headers.get('authorization')));
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
