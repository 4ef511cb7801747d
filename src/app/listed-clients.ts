import { ConfigError, type Config } from '../config.ts';
import { describeFault } from '../config/fault.ts';
import { AppError } from '../errors.ts';
import { normalizeClientMetadata } from '../oauth/client-metadata.ts';

/**
 * Holds the clients of OAUTH_PREREGISTERED_CLIENTS against the rules for every client, at start: later, one that breaks
 * them would break the authorization server for all.
 * @throws ConfigError
 */
export function checkListedClients({
  http,
  oauth,
}: Pick<Config, 'http'> & { readonly oauth: NonNullable<Config['oauth']> }): void {
  const policy = { allowed: oauth.allowedRedirectUris, ownOrigin: http.publicBaseUrl };
  const faults = oauth.clients.flatMap((client, index) => {
    try {
      normalizeClientMetadata(client, 'listed', policy);
      return [];
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return [describeFault('OAUTH_PREREGISTERED_CLIENTS', `[${index}]: ${error.detail ?? error.code}`)];
    }
  });
  const ids = oauth.clients.map((client) => client.client_id);
  if (new Set(ids).size < ids.length) {
    faults.push(describeFault('OAUTH_PREREGISTERED_CLIENTS', 'has the same client_id twice'));
  }
  if (faults.length > 0) throw new ConfigError(faults);
}
