import { qualifyScopes } from '../auth/scopes.ts';
import type { Config } from '../config.ts';
import { resourceMetadataUrl } from '../endpoints/routes.ts';
import { createCallLimits } from '../http/call-limits.ts';
import { createGuard, type GuardOptions } from '../http/guard.ts';
import type { LogSink } from '../log.ts';

/** Where clients get their tokens, and which scopes they ask for there. */
export function describeSignIn({ auth, entra, http, oauth }: Config) {
  if (oauth !== undefined) {
    return { authorizationServers: [http.publicBaseUrl], scopes: entra.requiredScopes };
  }
  const issuer = `${entra.authority}/${entra.tenantId}/v2.0`;
  return { authorizationServers: auth.required ? [issuer] : [], scopes: qualifyScopes(entra) };
}

/** The guard of every route, with the limits and the challenge that the configuration asks for. */
export function createAppGuard(
  config: Config,
  { sink, now = Date.now }: { readonly sink: LogSink; readonly now?: () => number },
  authenticate: GuardOptions['authenticate'],
) {
  const challenge = {
    resourceMetadataUrl: resourceMetadataUrl(config.http.publicBaseUrl),
    scopes: describeSignIn(config).scopes,
  };
  const countCall = createCallLimits({
    perCaller: config.http.callsPerMinute,
    perAddress: config.oauth?.callsPerMinute ?? 0,
    trustedProxies: config.oauth?.trustedProxies ?? 0,
    now,
  });
  return createGuard({
    ...config.http,
    challenge,
    authenticate,
    countCall,
    logLevel: config.log.level,
    sink,
  });
}
