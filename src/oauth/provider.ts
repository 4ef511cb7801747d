import { errors, interactionPolicy, Provider } from 'oidc-provider';
import type {
  Account as ProviderAccount,
  AdapterFactory,
  ClientMetadata,
  Configuration,
  JWK,
  KoaContextWithOIDC,
} from 'oidc-provider';
import type { Account } from './account.ts';
import { consentPath, extraParameters } from './authorization-request.ts';
import { offer } from './server-metadata.ts';

/** Seconds. */
const codeSeconds = 120;
const requestSeconds = 30 * 60;
/** A grant ends with its record, which is kept as long as the grant is used; the library's own end never comes first. */
const grantSeconds = 10 * 365 * 24 * 60 * 60;

export interface ProviderOptions {
  readonly issuer: string;
  /** The one resource that tokens are for (RFC 8707). */
  readonly resource: string;
  /** Short names. */
  readonly scopes: readonly string[];
  /** Private ES256 keys, the one that signs first. */
  readonly keys: readonly JWK[];
  readonly clients: readonly ClientMetadata[];
  readonly adapter: AdapterFactory;
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  readonly registration: boolean;
  readonly metadataDocuments: boolean;
  /** The account behind a grant, undefined when it has ended. */
  readonly findAccount: (grantId: string) => Promise<Account | undefined>;
  /** Fetches what clients publish: metadata documents and key sets. */
  readonly fetch: typeof fetch;
}

/** Whoever asks is asked back: nothing remembered by the library ever answers for the person. */
function createPolicy() {
  const undecided = new interactionPolicy.Check(
    'undecided',
    'the person has not decided yet',
    'interaction_required',
    (ctx) => ctx.oidc.result?.consent === undefined,
  );
  return [new interactionPolicy.Prompt({ name: 'consent', requestable: true }, undecided)];
}

function createFeatures(options: ProviderOptions): Configuration['features'] {
  const { metadataDocuments, registration, resource, scopes } = options;
  return {
    clientIdMetadataDocument: {
      enabled: metadataDocuments,
      ack: 'draft-02',
      cacheDuration: { min: 30, max: 24 * 60 * 60 },
    },
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    registration: { enabled: registration, issueRegistrationAccessToken: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => {
        if (indicator !== resource) throw new errors.InvalidTarget();
        return {
          audience: resource,
          scope: scopes.join(' '),
          accessTokenFormat: 'jwt',
          accessTokenTTL: options.accessTokenSeconds,
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
    revocation: {
      enabled: true,
      // RFC 7009 section 2.2: another client's token is as good as an unknown one.
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
  };
}

/** Seconds. */
function describeLifetimes({
  accessTokenSeconds,
  refreshTokenSeconds,
}: ProviderOptions): Configuration['ttl'] {
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: codeSeconds,
    Grant: grantSeconds,
    IdToken: accessTokenSeconds,
    Interaction: requestSeconds,
    RefreshToken: refreshTokenSeconds,
    Session: requestSeconds,
  };
}

/** An account as the library hands it from callback to callback, with who it is. */
interface FoundAccount extends ProviderAccount {
  /** Absent at a sign-in, where Entra has confirmed it just now. */
  readonly person?: Account;
}

/**
 * The account for what the library is about to do. A token brings its grant: then the account is confirmed, once for
 * everything that the request is given. Undefined when the grant has ended.
 */
async function findAccount(
  sub: string,
  grantId: string | undefined,
  confirm: ProviderOptions['findAccount'],
): Promise<FoundAccount | undefined> {
  const found = { accountId: sub, claims: () => ({ sub }) };
  if (grantId === undefined) return found;
  const person = await confirm(grantId);
  return person && { ...found, person };
}

/** What an access token says beside what RFC 9068 asks for. */
function describeAccount(grantId: string, account: FoundAccount | undefined) {
  // Nobody is to get a token without an owner.
  if (account?.person === undefined) throw new errors.InvalidGrant('no account was confirmed');
  const { tenantId, objectId, name, username, roles } = account.person;
  return { gid: grantId, tid: tenantId, oid: objectId, name, preferred_username: username, roles };
}

async function findGrant(ctx: KoaContextWithOIDC) {
  const grantId = ctx.oidc.result?.consent?.grantId;
  return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId);
}

/** The library's error for a code or token that was used already. */
export function refuseUsed(): Error {
  return new errors.InvalidGrant('already used');
}

/**
 * The authorization server's protocol: oidc-provider, offering nothing that this server does not need and saying
 * nothing on the console. It holds no state of its own beside caches.
 */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, keys, adapter, clients, scopes } = options;
  const provider = new Provider(issuer, {
    adapter,
    allowOmittingSingleRegisteredRedirectUri: false,
    clients: [...clients],
    clientAuthMethods: [...offer.clientAuthentication.methods],
    clientBasedCORS: () => false,
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'none',
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...offer.clientAuthentication.algorithms],
      idTokenSigningAlgValues: ['ES256'],
    },
    expiresWithSession: () => false,
    extraParams: [...extraParameters],
    extraTokenClaims: (ctx, token) =>
      describeAccount('grantId' in token ? token.grantId : '', ctx.oidc.account),
    features: createFeatures(options),
    fetch: options.fetch,
    // The fetch bounds what comes in, and a document grows when it is normalized.
    fetchResponseBodyLimits: { 'client_id metadata document': Infinity },
    findAccount: (_ctx, sub, token) =>
      findAccount(
        sub,
        token !== undefined && 'grantId' in token ? token.grantId : undefined,
        options.findAccount,
      ),
    interactions: { policy: createPolicy(), url: (_ctx, { uid }) => `${consentPath}?request=${uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [...keys] },
    loadExistingGrant: findGrant,
    pkce: { required: () => true },
    renderError: (ctx, { error, error_description }) => {
      ctx.body = { error, error_description };
    },
    responseTypes: [...offer.responseTypes],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes: offer.paths,
    scopes: [...scopes],
    ttl: describeLifetimes(options),
  });
  provider.proxy = true;
  return provider;
}
