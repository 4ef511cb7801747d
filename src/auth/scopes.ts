import type { Config } from '../config.ts';

/**
 * The required scopes as a client asks Entra for them: `{App ID URI}/{name}`, or `{app id}/{name}` where no URI is
 * configured. A bare name would be looked up at Microsoft Graph (AADSTS650053).
 */
export function qualifyScopes({ audiences, requiredScopes }: Config['entra']): readonly string[] {
  const resource = audiences.find((audience) => audience.includes('://')) ?? audiences[0];
  return resource === undefined ? [] : requiredScopes.map((scope) => `${resource}/${scope}`);
}
