import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';

/** The scopes of a token's claim (RFC 6749 section 3.3). */
export function splitScopes(claim: string): readonly string[] {
  return claim.split(' ').filter((scope) => scope !== '');
}

/** @throws AppError with this code when none of the required ones is held, and so whenever nothing is required */
export function requireAny(
  held: readonly string[],
  required: readonly string[],
  code: 'missing_scope' | 'missing_role',
): void {
  if (!required.some((value) => held.includes(value)))
    throw new AppError(code, { detail: `has: ${held.join(' ')}` });
}

/**
 * The required scopes as a client asks Entra for them: `{App ID URI}/{name}`, or `{app id}/{name}` where no URI is
 * configured. A bare name would be looked up at Microsoft Graph (AADSTS650053).
 */
export function qualifyScopes({ audiences, requiredScopes }: Config['entra']): readonly string[] {
  const resource = audiences.find((audience) => audience.includes('://')) ?? audiences[0];
  return resource === undefined ? [] : requiredScopes.map((scope) => `${resource}/${scope}`);
}
