import { randomBytes } from 'node:crypto';
import { checkSecretValue } from '../auth/secret-values.ts';
import { createEntraVerifier } from '../auth/entra-verifier.ts';
import { createGrantCache } from '../auth/grant-cache.ts';
import type { JwksCache } from '../auth/jwks-cache.ts';
import { createSessionVerifier, type SessionVerifier } from '../auth/session-verifier.ts';
import { createSigningKeys } from '../auth/signing-keys.ts';
import { createClientAssertion } from '../azure/client-assertion.ts';
import type { createCredential } from '../azure/credential.ts';
import { createKeyVaultSecrets } from '../azure/key-vault-secrets.ts';
import { createLimitTable } from '../azure/limit-table.ts';
import { createSweep } from '../azure/sweep.ts';
import type { Tables } from '../azure/tables.ts';
import type { Config } from '../config.ts';
import { ownClientId } from '../config/values.ts';
import { createAuthorizeEndpoint } from '../endpoints/authorize.ts';
import { createCallbackEndpoint } from '../endpoints/callback.ts';
import { createConsentEndpoint } from '../endpoints/consent.ts';
import { createLoginEndpoints } from '../endpoints/login.ts';
import { createOAuthEndpoints } from '../endpoints/oauth.ts';
import { createServerMetadataEndpoints } from '../endpoints/server-metadata.ts';
import { clientAddress } from '../http/client-address.ts';
import { createCookies } from '../http/cookies.ts';
import type { DocumentedEndpoint } from '../http/endpoint.ts';
import { describeCause, type Log } from '../log.ts';
import { createAccounts } from '../oauth/accounts.ts';
import type { Connect, Resolve } from '../oauth/address-guard.ts';
import { createAuthorizationServer, type AuthorizationServer } from '../oauth/authorization-server.ts';
import { createBrowserForms } from '../oauth/browser-form.ts';
import { createBrowsers } from '../oauth/browser.ts';
import type { ClientCredential } from '../oauth/client-authentication.ts';
import { createConsentMemory } from '../oauth/consent-memory.ts';
import { createCookieSigner } from '../oauth/cookie-signer.ts';
import { createEntraClient } from '../oauth/entra-client.ts';
import { createDocumentFetch } from '../oauth/metadata-document.ts';
import { createSealer } from '../oauth/sealer.ts';
import { createSignInSessions } from '../oauth/sign-in-session.ts';
import { createUpstreamSignIns } from '../oauth/upstream-sign-ins.ts';
import type { Secrets } from '../stores/secrets.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createOAuthStores } from './oauth-stores.ts';
import { createAsk, createLookupCount } from './telemetry.ts';

/** How the outside is reached to fetch what clients publish; the system's own ways unless given. */
export interface Network {
  readonly resolve?: Resolve;
  readonly connect?: Connect;
}

export interface AuthorizationDeps {
  readonly config: Config & { readonly oauth: NonNullable<Config['oauth']> };
  readonly tables: Tables;
  readonly credential: ReturnType<typeof createCredential>;
  /** The keys that Entra signs with. */
  readonly entraKeys: JwksCache;
  /** Name of this server, for people. */
  readonly title: string;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly telemetry: Telemetry | undefined;
  readonly network?: Network;
}

/** What the authorization server adds to the app. */
export interface Authorization {
  readonly endpoints: readonly DocumentedEndpoint[];
  /** Verifies this server's own access tokens. */
  readonly verifier: SessionVerifier;
  readonly secrets: Secrets;
  readonly checkSecret: typeof checkSecretValue;
  /** Removes what has ended. */
  readonly sweep: ReturnType<typeof createSweep>;
}

/** How the server proves itself to Entra. */
function chooseCredential(
  { config: { entra, oauth }, credential }: AuthorizationDeps,
  secrets: Secrets,
): ClientCredential {
  if (oauth.credential === 'managed-identity') {
    return { clientAssertion: createClientAssertion(credential, entra) };
  }
  return {
    async clientSecret() {
      const versions = await secrets.read('entra-client-secret');
      // Only the newest has to be usable: Entra is asked with the others when it does not know that one.
      await Promise.all(
        versions.slice(0, 1).map((newest) => checkSecretValue('entra-client-secret', newest)),
      );
      return versions.map(({ value }) => value);
    },
  };
}

function openSecrets({ config, credential, log, now, telemetry }: AuthorizationDeps): Secrets {
  return createKeyVaultSecrets(
    { url: config.oauth.keyVaultUrl },
    {
      credential,
      now,
      log,
      ask: createAsk(telemetry, 'vault'),
      countLookup: createLookupCount(telemetry, 'secrets'),
    },
  );
}

/** The keys and stores, and what is made of them. Connects to nothing. */
function createParts(deps: AuthorizationDeps) {
  const { config, tables, entraKeys, log, now, telemetry } = deps;
  const { entra: entraConfig, http, oauth } = config;
  const secrets = openSecrets(deps);
  const sealer = createSealer(secrets);
  const stores = createOAuthStores(tables, sealer, now);
  // ENTRA_ALLOWED_CLIENT_IDS is about clients that bring Entra's tokens; here the client is this server.
  const upstreamVerifier = createEntraVerifier(
    { ...entraConfig, allowedClientIds: [] },
    { now, keys: entraKeys },
  );
  const entra = createEntraClient({
    entra: entraConfig,
    oauth,
    publicBaseUrl: http.publicBaseUrl,
    credential: chooseCredential(deps, secrets),
    verify: (token) => upstreamVerifier.verify(token),
    ask: createAsk(telemetry, 'entra'),
  });
  const accounts = createAccounts({
    grants: stores.grants,
    entra,
    report: (reason) => {
      log('info', 'grant_ended', { reason });
    },
    refreshTokenSeconds: oauth.refreshTokenSeconds,
    now,
  });
  const keys = createSigningKeys(secrets);
  const verifier = createSessionVerifier({
    issuer: http.publicBaseUrl,
    resource: `${http.publicBaseUrl}/mcp`,
    requiredScopes: entraConfig.requiredScopes,
    keys,
    isLive: createGrantCache((grantId) => accounts.standsUntil(grantId), {
      now,
      countLookup: createLookupCount(telemetry, 'grants'),
    }),
    now,
    countLookup: createLookupCount(telemetry, 'own_tokens'),
  });
  return { secrets, sealer, stores, entra, accounts, keys, verifier };
}

function createServer(
  { config, log, now, network = {}, tables, telemetry, title }: AuthorizationDeps,
  { stores, accounts, keys, verifier }: ReturnType<typeof createParts>,
): AuthorizationServer {
  const { publicBaseUrl } = config.http;
  const limits = createLimitTable(tables, { now });
  return createAuthorizationServer({
    publicBaseUrl,
    oauth: config.oauth,
    entra: config.entra,
    stores,
    keys,
    accounts,
    fetchDocument: createDocumentFetch({
      allowed: config.oauth.allowedRedirectUris,
      ownOrigin: publicBaseUrl,
      now,
      report: (failure) => {
        log('warn', 'client_document', {
          code: failure.code,
          detail: failure.detail,
          cause: describeCause(failure.cause),
        });
      },
      ...network,
    }),
    documents: {
      ask: createAsk(telemetry, 'clients'),
      countLookup: createLookupCount(telemetry, 'client_documents'),
    },
    admit: (kind, address) => limits.admit(kind, address),
    readToken: (token) => verifier.read(token),
    report: (error) => {
      log('warn', 'housekeeping_failed', { cause: describeCause(error) });
    },
    ownClient: {
      client_id: ownClientId,
      client_name: `the sign-in page of ${title}`,
      redirect_uris: [`${publicBaseUrl}/auth/login`],
      application_type: 'native',
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    },
    now,
  });
}

function createEndpoints(
  { config, title, now }: AuthorizationDeps,
  { entra, sealer, secrets, stores, verifier }: ReturnType<typeof createParts>,
  server: AuthorizationServer,
): readonly DocumentedEndpoint[] {
  const { publicBaseUrl } = config.http;
  const { trustedProxies, registration } = config.oauth;
  const signer = createCookieSigner(secrets);
  const openCookies = createCookies({ publicBaseUrl });
  const addressOf = (request: Request) => clientAddress(request.headers, trustedProxies);
  const browsers = createBrowsers(signer, { randomBytes });
  const forms = createBrowserForms(browsers, signer);
  const memory = createConsentMemory(stores.consents, { now });
  const signIns = createUpstreamSignIns({ store: stores.signIns, signer, entra }, { now, randomBytes });
  const sessions = createSignInSessions(
    { server, signer, sealer },
    { publicBaseUrl, clientId: ownClientId, randomBytes },
  );
  const { authority } = config.entra;
  return [
    ...createServerMetadataEndpoints(server),
    createAuthorizeEndpoint({ server, browsers, memory, signIns, openCookies, addressOf }),
    createConsentEndpoint(
      { server, forms, memory, signIns, openCookies, addressOf },
      { title, publicBaseUrl, authority },
    ),
    createCallbackEndpoint({ server, entra, signIns, openCookies, addressOf }),
    ...createOAuthEndpoints({ server, addressOf, registration }),
    ...createLoginEndpoints(
      { sessions, forms, verify: (token) => verifier.verify(token), openCookies, addressOf },
      { title, publicBaseUrl },
    ),
  ];
}

/** The authorization server with its pages, its keys and its state. Connects to nothing. */
export function createAuthorization(deps: AuthorizationDeps): Authorization {
  const parts = createParts(deps);
  return {
    endpoints: createEndpoints(deps, parts, createServer(deps, parts)),
    verifier: parts.verifier,
    secrets: parts.secrets,
    checkSecret: checkSecretValue,
    sweep: createSweep(deps.tables, { now: deps.now }),
  };
}
