import type { ClientMetadata } from 'oidc-provider';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { Accounts } from './accounts.ts';
import { createAdapterFactory } from './adapter.ts';
import { cleanAuthorizationRequest, isSameResource } from './authorization-request.ts';
import { normalizeClientMetadata, type KnownClientMetadata } from './client-metadata.ts';
import { createDocumentCache } from './document-cache.ts';
import { createProviderSource, type ProviderSource } from './provider-source.ts';
import { createRedeemedCodes } from './redeemed-codes.ts';
import { createRefreshGrace } from './refresh-grace.ts';
import { createRegisteredClients } from './registered-clients.ts';
import { createRegistrationEndpoint } from './registration-endpoint.ts';
import { createRevocationEndpoint, type RevocationEndpointOptions } from './revocation-endpoint.ts';
import { describeServer, offer, type ServerMetadata } from './server-metadata.ts';
import { mapScopes } from './scopes.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import type { LimitedKind } from '../stores/rate-limiter.ts';
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
  revokeToken(request: Request, body: string, address: string): Promise<Response>;
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
  /** False when an address has asked for something of this kind too often. */
  readonly admit: (kind: LimitedKind, address: string) => Promise<boolean>;
  readonly readToken: RevocationEndpointOptions['readToken'];
  /** Takes failures that an answer hides. */
  readonly report: (error: unknown) => void;
  /** Metadata of the client that this server's own sign-in page is. */
  readonly ownClient: ClientMetadata;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

async function admitOrRefuse(
  { admit }: AuthorizationServerOptions,
  kind: LimitedKind,
  address: string,
): Promise<void> {
  if (!(await admit(kind, address))) throw new AppError('rate_limited', { detail: kind });
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

function createSource(options: AuthorizationServerOptions, resource: string): ProviderSource {
  const { accounts, entra, keys, now, oauth, ownClient, publicBaseUrl, stores } = options;
  const policy = { allowed: oauth.allowedRedirectUris, ownOrigin: publicBaseUrl };
  return createProviderSource(keys, publicBaseUrl, ({ keys: privateKeys }, exchange, module) =>
    module.createProvider({
      issuer: publicBaseUrl,
      resource,
      scopes: entra.requiredScopes,
      keys: privateKeys,
      clients: [
        ownClient,
        ...oauth.clients.map((client) => toProviderClient(normalizeClientMetadata(client, 'listed', policy))),
      ],
      adapter: createAdapterFactory(stores, {
        refreshTokenSeconds: oauth.refreshTokenSeconds,
        now,
        refuseUsed: module.refuseUsed,
      }),
      accessTokenSeconds: oauth.accessTokenSeconds,
      refreshTokenSeconds: oauth.refreshTokenSeconds,
      registration: oauth.registration,
      metadataDocuments: oauth.metadataDocuments,
      findAccount: (grantId) => accounts.confirm(grantId),
      fetch: createDocumentCache(options.fetchDocument, {
        admit: () => admitOrRefuse(options, 'document', exchange().address),
        now,
      }),
    }),
  );
}

/** @throws AppError `invalid_target` */
function readResource(values: readonly string[], resource: string): string | undefined {
  if (values.some((value) => !isSameResource(value, resource))) throw new AppError('invalid_target');
  return values.length === 0 ? undefined : resource;
}

/** The endpoints that clients call without a browser, made for each request: the provider and the limits need its address. */
function createEndpoints(options: AuthorizationServerOptions, source: ProviderSource, resource: string) {
  const { entra, now, oauth, publicBaseUrl, stores } = options;
  const policy = { allowed: oauth.allowedRedirectUris, ownOrigin: publicBaseUrl };
  const revoke = (grantId: string) => stores.grants.remove(grantId);
  const grace = createRefreshGrace({ stores, sealer: createTokenSealer(), now });
  const clients = createRegisteredClients(stores.clients, { tokenSeconds: oauth.refreshTokenSeconds, now });
  const forwardAs = (address: string): Forward => {
    return async (request, body) => (await source.current()).call(address, request, body);
  };
  return {
    revoke,
    forwardAs,
    token: (address: string) =>
      createTokenEndpoint({
        forward: forwardAs(address),
        readResource: (values) => readResource(values, resource),
        mapScope: (scope) => mapScopes(scope, entra).join(' '),
        grace,
        clients,
        codes: createRedeemedCodes(stores.codes),
        revoke,
        report: options.report,
      }),
    registration: (address: string) =>
      createRegistrationEndpoint({
        forward: forwardAs(address),
        normalize: (metadata) => normalizeClientMetadata(metadata, 'registered', policy),
        admit: () => admitOrRefuse(options, 'registration', address),
      }),
    revocation: (address: string) =>
      createRevocationEndpoint({ forward: forwardAs(address), readToken: options.readToken, revoke }),
  };
}

export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const { accounts, entra, oauth, ownClient, publicBaseUrl } = options;
  const resource = `${publicBaseUrl}/mcp`;
  const source = createSource(options, resource);
  const { forwardAs, registration, revocation, revoke, token } = createEndpoints(options, source, resource);

  async function fetchKeys(): Promise<unknown> {
    const response = await forwardAs('unknown')(new Request(publicBaseUrl + offer.paths.jwks), '');
    return response.json();
  }

  return {
    ...createInteractions(source, {
      publicBaseUrl,
      resource,
      accounts,
      requests: options.stores.requests,
      grants: options.stores.grants,
      listedClients: oauth.clients.map((client) => client.client_id),
      ownClient: ownClient.client_id,
    }),
    async authorize(request, address) {
      await admitOrRefuse(options, 'authorization', address);
      const url = cleanAuthorizationRequest(new URL(request.url), { ...entra, resource });
      return forwardAs(address)(new Request(url, { headers: request.headers }), '');
    },
    token: (request, body, address) => token(address)(request, body),
    register: (request, body, address) => registration(address)(request, body),
    revokeToken: (request, body, address) => revocation(address)(request, body),
    metadata: describeServer({
      issuer: publicBaseUrl,
      scopes: entra.requiredScopes,
      registration: oauth.registration,
      metadataDocuments: oauth.metadataDocuments,
    }),
    jwks: fetchKeys,
    revoke,
  };
}
