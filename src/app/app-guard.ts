import { createAuthenticator, localPrincipal, type Verifiers } from '../auth/authenticate.ts';
import { createEntraVerifier } from '../auth/entra-verifier.ts';
import type { JwksCache } from '../auth/jwks-cache.ts';
import { qualifyScopes } from '../auth/scopes.ts';
import type { Config } from '../config.ts';
import type { Check } from '../endpoints/health.ts';
import { resourceMetadataUrl } from '../endpoints/routes.ts';
import { createCallLimits } from '../http/call-limits.ts';
import { createGuard, type GuardOptions } from '../http/guard.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { countRefusals, createLookupCount } from './telemetry.ts';

export interface AuthenticationDeps {
  /** The keys that Entra signs with. */
  readonly entraKeys: JwksCache;
  /** Verifies this server's own tokens, where there are any. */
  readonly own: Verifiers['own'] | undefined;
  readonly telemetry: Telemetry | undefined;
  /** Milliseconds since the epoch. */
  readonly now: (() => number) | undefined;
}

/** Who calls, and what that takes. */
export function createAuthentication(
  config: Config,
  { entraKeys: keys, own, telemetry, now = Date.now }: AuthenticationDeps,
) {
  if (!config.auth.required) return { authenticate: () => Promise.resolve(localPrincipal), checks: {} };
  const countLookup = createLookupCount(telemetry, 'entra_tokens');
  const verifier = createEntraVerifier(config.entra, { now, keys, countLookup });
  const authenticate = createAuthenticator({ entra: verifier, ...(own !== undefined && { own }) });
  return {
    authenticate: countRefusals(telemetry, authenticate),
    checks: { signing_keys: () => verifier.check() } satisfies Record<string, Check>,
  };
}

/** Where clients get their tokens, and which scopes they ask for there. */
export function describeSignIn({ auth, entra, http, oauth }: Config) {
  if (oauth !== undefined) {
    return { authorizationServers: [http.publicBaseUrl], scopes: entra.requiredScopes };
  }
  const issuer = `${entra.authority}/${entra.tenantId}/v2.0`;
  return { authorizationServers: auth.required ? [issuer] : [], scopes: qualifyScopes(entra) };
}

export interface AppGuardOptions extends Pick<
  GuardOptions,
  'sink' | 'authenticate' | 'deferredWork' | 'telemetry'
> {
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

/** The guard of every route, with the limits and the challenge that the configuration asks for. */
export function createAppGuard(config: Config, { now = Date.now, ...options }: AppGuardOptions) {
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
  return createGuard({ ...config.http, ...options, challenge, countCall, logLevel: config.log.level });
}
