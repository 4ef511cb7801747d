import type { ClientMetadata } from 'oidc-provider';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { LimitedKind } from '../stores/rate-limiter.ts';
import type { Admission, Quota } from '../quota.ts';
import type { Accounts } from './accounts.ts';
import { createAdapterFactory } from './adapter.ts';
import { cleanAuthorizationRequest, isSameResource } from './authorization-request.ts';
import { createKindOf, type KindOf } from './client-kinds.ts';
import { normalizeClientMetadata, type KnownClientMetadata } from './client-metadata.ts';
import { createDocumentCache, type DocumentCacheOptions } from './document-cache.ts';
import { createExchanges, type Exchanges } from './exchange.ts';
import { createProviderSource, type ProviderSource } from './provider-source.ts';
import { createRedeemedCodes } from './redeemed-codes.ts';
import { createRefreshGrace } from './refresh-grace.ts';
import { createRegisteredClients } from './registered-clients.ts';
import { createRegistrationEndpoint } from './registration-endpoint.ts';
import { rememberRecords } from './remembered-records.ts';
import {
  createRevocationEndpoint,
  type Revocation,
  type RevocationEndpointOptions,
} from './revocation-endpoint.ts';
import { describeServer, offer, type ServerMetadata } from './server-metadata.ts';
import { mapScopes } from './scopes.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import type { OAuthStores } from './stores.ts';
import { createTokenEndpoint, type Forward } from './token-endpoint.ts';
import { createTokenSealer } from './token-sealer.ts';

export type { SignInRequest } from './interactions.ts';

/** The OAuth 2.1 authorization server in front of Entra. oidc-provider is loaded when it is first called. */
export interface AuthorizationServer extends Interactions {
  /**
   * `/auth/authorize`. A request that is in order gives a 303 to `/auth/consent?request={id}`, an error that the client
   * may be told a redirect to it, any other JSON `{error, error_description}` for a page of ours.
   * @throws AppError when something it depends on fails, as every member here does
   */
  authorize(request: Request, address: string): Promise<Response>;
  /** `/auth/token`. */
  token(request: Request, body: string, address: string): Promise<Response>;
  /** `/auth/register` (RFC 7591). */
  register(request: Request, body: string, address: string): Promise<Response>;
  /** `/auth/revoke` (RFC 7009). */
  revokeToken(request: Request, body: string, address: string): Promise<Revocation>;
  /** RFC 8414 metadata. */
  readonly metadata: ServerMetadata;
  /** The public signing keys (RFC 7517), current and previous. */
  jwks(): Promise<unknown>;
  /** Ends a grant with everything that was issued under it. */
  revoke(grantId: string): Promise<void>;
}

export interface AuthorizationServerOptions {
  readonly publicBaseUrl: string;
  readonly oauth: NonNullable<Config['oauth']>;
  readonly entra: Pick<Config['entra'], 'audiences' | 'requiredScopes'>;
  readonly stores: OAuthStores;
  readonly keys: SigningKeys;
  readonly accounts: Accounts;
  /** What clients publish, fetched safely. */
  readonly fetchDocument: typeof fetch;
  /** How that is seen. */
  readonly documents?: Pick<DocumentCacheOptions, 'ask' | 'countLookup'>;
  /** Counts what an address asks for. */
  readonly admit: (kind: LimitedKind, address: string) => Promise<Admission>;
  readonly readToken: RevocationEndpointOptions['readToken'];
  /** Takes failures that an answer hides. */
  readonly report: (error: unknown) => void;
  /** Metadata of the client that this server's own sign-in page is. */
  readonly ownClient: ClientMetadata;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What the parts of one server share. */
interface Shared {
  readonly resource: string;
  readonly exchanges: Exchanges;
  readonly stores: OAuthStores;
  readonly kindOf: KindOf;
  /** Counts a request of the exchange that runs: what is left. @throws AppError `rate_limited` */
  readonly admit: (kind: LimitedKind) => Promise<Quota>;
}

function createShared(options: AuthorizationServerOptions): Shared {
  const { now, oauth, ownClient, publicBaseUrl, stores } = options;
  const exchanges = createExchanges();
  const { current } = exchanges;
  return {
    resource: `${publicBaseUrl}/mcp`,
    exchanges,
    // Those of which the library and what surrounds it ask for the same record in turn.
    stores: {
      ...stores,
      clients: rememberRecords(stores.clients, { current, now }),
      codes: rememberRecords(stores.codes, { current, now }),
      grants: rememberRecords(stores.grants, { current, now }),
      refreshTokens: rememberRecords(stores.refreshTokens, { current, now }),
    },
    kindOf: createKindOf({
      own: ownClient.client_id,
      listed: oauth.clients.map((client) => client.client_id),
    }),
    async admit(kind) {
      const { admitted, quota } = await options.admit(kind, current().address);
      if (!admitted) throw new AppError('rate_limited', { detail: kind, quota });
      return quota;
    },
  };
}

/** Copied, as the library's arrays are its own to change. */
function toProviderClient(client: KnownClientMetadata): ClientMetadata {
  const { redirect_uris, grant_types, response_types, ...others } = client;
  return {
    ...others,
    redirect_uris: [...redirect_uris],
    grant_types: [...grant_types],
    response_types: [...response_types],
  };
}

function createSource(options: AuthorizationServerOptions, shared: Shared): ProviderSource {
  const { accounts, entra, keys, now, oauth, ownClient, publicBaseUrl } = options;
  const { admit, exchanges, kindOf, resource, stores } = shared;
  const policy = { allowed: oauth.allowedRedirectUris, ownOrigin: publicBaseUrl };
  return createProviderSource({
    keys,
    publicBaseUrl,
    exchanges,
    create: ({ keys: privateKeys }, module) =>
      module.createProvider({
        issuer: publicBaseUrl,
        resource,
        scopes: entra.requiredScopes,
        keys: privateKeys,
        clients: [
          ownClient,
          ...oauth.clients.map((client) =>
            toProviderClient(normalizeClientMetadata(client, 'listed', policy)),
          ),
        ],
        adapter: createAdapterFactory(stores, {
          refreshTokenSeconds: oauth.refreshTokenSeconds,
          now,
          refuseUsed: module.refuseUsed,
          kindOf,
        }),
        accessTokenSeconds: oauth.accessTokenSeconds,
        refreshTokenSeconds: oauth.refreshTokenSeconds,
        registration: oauth.registration,
        metadataDocuments: oauth.metadataDocuments,
        findAccount: async (grantId) => accounts.confirm(grantId, await stores.grants.find(grantId)),
        fetch: createDocumentCache(options.fetchDocument, {
          ...options.documents,
          admit: () => admit('document'),
          now,
        }),
      }),
  });
}

/** @throws AppError `invalid_target` */
function readResource(values: readonly string[], resource: string): string | undefined {
  if (values.some((value) => !isSameResource(value, resource))) throw new AppError('invalid_target');
  return values.length === 0 ? undefined : resource;
}

/** The endpoints that clients call without a browser. */
function createEndpoints(options: AuthorizationServerOptions, shared: Shared, forward: Forward) {
  const { entra, now, oauth, publicBaseUrl, readToken, report } = options;
  const { admit, exchanges, kindOf, resource, stores } = shared;
  const policy = { allowed: oauth.allowedRedirectUris, ownOrigin: publicBaseUrl };
  const revoke = (grantId: string) => stores.grants.remove(grantId);
  const tokenSeconds = oauth.refreshTokenSeconds;
  return {
    token: createTokenEndpoint({
      forward,
      readResource: (values) => readResource(values, resource),
      mapScope: (scope) => mapScopes(scope, entra).join(' '),
      grace: createRefreshGrace({ stores, sealer: createTokenSealer(), now }),
      clients: createRegisteredClients(stores.clients, { tokenSeconds, kindOf, now }),
      codes: createRedeemedCodes(stores.codes),
      revoke,
      report,
    }),
    register: createRegistrationEndpoint({
      forward,
      normalize: (metadata) => normalizeClientMetadata(metadata, 'registered', policy),
      admit: () => admit('registration'),
    }),
    revokeToken: createRevocationEndpoint({
      forward,
      readToken,
      revoke,
      findEnded: () => exchanges.current().ended,
    }),
  };
}

export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const { accounts, entra, oauth, publicBaseUrl } = options;
  const shared = createShared(options);
  const { admit, exchanges, kindOf, resource, stores } = shared;
  const source = createSource(options, shared);
  const forward: Forward = async (request, body) => (await source.current()).call(request, body);
  const { token, register, revokeToken } = createEndpoints(options, shared, forward);

  async function authorize(request: Request): Promise<Response> {
    await admit('authorization');
    const url = cleanAuthorizationRequest(new URL(request.url), { ...entra, resource });
    return forward(new Request(url, { headers: request.headers }), '');
  }

  async function fetchKeys(): Promise<unknown> {
    const response = await forward(new Request(publicBaseUrl + offer.paths.jwks), '');
    return response.json();
  }

  return {
    ...createInteractions(source, {
      publicBaseUrl,
      resource,
      accounts,
      requests: stores.requests,
      grants: stores.grants,
      exchanges,
      kindOf,
    }),
    authorize: (request, address) => exchanges.run(address, () => authorize(request)),
    token: (request, body, address) => exchanges.run(address, () => token(request, body)),
    register: (request, body, address) => exchanges.run(address, () => register(request, body)),
    revokeToken: (request, body, address) => exchanges.run(address, () => revokeToken(request, body)),
    metadata: describeServer({
      issuer: publicBaseUrl,
      scopes: entra.requiredScopes,
      registration: oauth.registration,
      metadataDocuments: oauth.metadataDocuments,
    }),
    jwks: () => exchanges.run('unknown', fetchKeys),
    revoke: (grantId) => options.stores.grants.remove(grantId),
  };
}
