import type { SessionVerifier } from '../auth/session-verifier.ts';
import { createSecretChecks } from '../azure/secret-checks.ts';
import type { Config } from '../config.ts';
import type { Check } from '../endpoints/health.ts';
import { listSignInRoutes } from '../endpoints/sign-in-routes.ts';
import type { DocumentedEndpoint, Endpoint } from '../http/endpoint.ts';
import { createLateEndpoints } from '../http/late-endpoint.ts';
import type { Work } from '../jobs.ts';
import type { SecretName } from '../stores/secrets.ts';
import type { AuthorizationDeps } from './authorization.ts';
import { checkListedClients } from './listed-clients.ts';
import { once } from '../once.ts';

/** What the authorization server adds to the app. Its code is loaded when something of it is used. */
export interface LateAuthorization {
  readonly endpoints: readonly Endpoint[];
  /** The same endpoints, loaded. */
  readonly loadEndpoints: () => Promise<readonly DocumentedEndpoint[]>;
  /** Verifies this server's own access tokens. */
  readonly verifier: Pick<SessionVerifier, 'issuer' | 'verify'>;
  readonly checks: Readonly<Record<string, Check>>;
  readonly work: readonly Work[];
}

/** What this server cannot do without; `/health` names the secret that cannot be read or is not what it must be. */
function listNeededSecrets({ credential }: NonNullable<Config['oauth']>): readonly SecretName[] {
  const keys: readonly SecretName[] = ['session-signing-key', 'cookie-key', 'encryption-key'];
  return credential === 'secret' ? [...keys, 'entra-client-secret'] : keys;
}

/** @throws ConfigError when a client that the operator lists cannot be used */
export function createLateAuthorization(deps: AuthorizationDeps): LateAuthorization {
  const { http, oauth } = deps.config;
  checkListedClients(deps.config);
  const load = once(async () => (await import('./authorization.ts')).createAuthorization(deps));
  const loadEndpoints = async () => (await load()).endpoints;
  return {
    endpoints: createLateEndpoints(listSignInRoutes(oauth), loadEndpoints),
    loadEndpoints,
    verifier: {
      issuer: http.publicBaseUrl,
      verify: async (token) => (await load()).verifier.verify(token),
    },
    checks: createSecretChecks(
      { read: async (name) => (await load()).secrets.read(name) },
      listNeededSecrets(oauth),
      async (name, newest) => (await load()).checkSecret(name, newest),
    ),
    work: [
      {
        name: 'sweep',
        schedule: '0 */15 * * * *',
        everyMs: 15 * 60_000,
        run: async () => ({ ...(await (await load()).sweep()) }),
      },
    ],
  };
}
