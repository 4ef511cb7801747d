import { Provider, interactionPolicy } from 'oidc-provider';
import type { AdapterFactory, ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import { apps, clients } from './directory.ts';
import type { Application } from './directory.ts';
import type { SigningKeys } from './keys.ts';
import { admits, tenantOf } from './tenancy.ts';

/**
 * The scopes that oidc-provider knows. It runs the protocol (codes, PKCE, sessions, refresh tokens) and never sees
 * Entra's scopes; it only remembers whether an ID token and a refresh token were asked for. `offline_access` has
 * another name here because the library ties that one to a consent prompt.
 */
export const providerScopes = { always: 'entra', openid: 'openid', offline: 'entra:offline_access' } as const;

export const sessionCookie = 'entra_session';

const day = 24 * 60 * 60;

const features: Configuration['features'] = {
  clientCredentials: { enabled: true },
  devInteractions: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  resourceIndicators: { enabled: false },
  rpInitiatedLogout: { enabled: false },
  userinfo: { enabled: false },
};

/** Seconds. The library's own tokens are thrown away: what leaves the house is made in `tokens.ts`. */
const ttl: Configuration['ttl'] = {
  AccessToken: 1,
  AuthorizationCode: 10 * 60,
  ClientCredentials: 1,
  Grant: 90 * day,
  IdToken: 1,
  Interaction: 60 * 60,
  RefreshToken: 90 * day,
  Session: day,
};

function describeClient(app: Application, redirectUris: readonly string[]): ClientMetadata {
  // The library wants loopback addresses over https on web clients, and ignores ports on native ones only.
  const web = redirectUris.some((uri) => /^https:\/\/(localhost|127\.0\.0\.1)\b/.test(uri));
  return {
    client_id: app.id,
    client_name: app.name,
    application_type: web ? 'web' : 'native',
    redirect_uris: [...redirectUris],
    response_types: redirectUris.length > 0 ? ['code'] : [],
    grant_types:
      redirectUris.length > 0
        ? ['authorization_code', 'refresh_token', 'client_credentials']
        : ['client_credentials'],
    ...(app.secret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_post', client_secret: app.secret }),
  };
}

/** Sign-in is asked for when the session's account cannot be the one that is wanted; consent never is. */
function createPolicy(accounts: Accounts) {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const unsuitable = new interactionPolicy.Check(
    'unsuitable_account',
    'the account of the session is not the one asked for',
    'login_required',
    (ctx) => {
      if (ctx.oidc.result?.login !== undefined) return false;
      const user = accounts.find(ctx.oidc.session?.accountId);
      const hint = ctx.oidc.params?.login_hint;
      return (
        user === undefined ||
        !admits(tenantOf(ctx), user.tenantId) ||
        (typeof hint === 'string' && hint.toLowerCase() !== user.username)
      );
    },
  );
  policy.get('login')?.checks.add(unsuitable);
  return policy;
}

/** Everything the directory lists has an administrator's consent. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { account, client, params, provider } = ctx.oidc;
  if (account === undefined || client === undefined) return undefined;
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope(String(params?.scope));
  await grant.save();
  return grant;
}

export interface ProviderOptions {
  readonly authority: string;
  readonly accounts: Accounts;
  readonly keys: SigningKeys;
  readonly store: AdapterFactory;
  readonly proxyRedirectUris?: readonly string[] | undefined;
}

/**
 * The OpenID Connect server underneath, configured to say nothing on the console and to offer only what Entra does.
 * Rejects when a redirect URI of the proxy is not one that a client may have.
 */
export async function createProvider(options: ProviderOptions): Promise<Provider> {
  const { accounts, authority, keys, proxyRedirectUris, store } = options;
  const provider = new Provider(authority, {
    adapter: store,
    clientAuthMethods: ['client_secret_post', 'none'],
    clientBasedCORS: () => false,
    clients: clients.map((app) =>
      describeClient(
        app,
        app.id === apps.proxy.id ? (proxyRedirectUris ?? app.redirectUris) : app.redirectUris,
      ),
    ),
    cookies: {
      names: { session: sessionCookie, interaction: 'entra_sign_in', resume: 'entra_resume' },
    },
    expiresWithSession: () => false,
    features,
    findAccount: (_ctx, oid) =>
      accounts.find(oid) && { accountId: oid, claims: () => Promise.resolve({ sub: oid }) },
    interactions: {
      policy: createPolicy(accounts),
      url: (ctx, interaction) => `/${tenantOf(ctx)}/login/${interaction.uid}`,
    },
    issueRefreshToken: (_ctx, _client, code) => code.scopes.has(providerScopes.offline),
    jwks: { keys: [keys.current()] },
    loadExistingGrant: grantEverything,
    pkce: { required: () => false },
    renderError: () => undefined,
    responseTypes: ['code'],
    revokeGrantPolicy: () => false,
    rotateRefreshToken: true,
    routes: { authorization: '/authorize', token: '/token' },
    scopes: Object.values(providerScopes),
    ttl,
  });
  // The library looks at a client when it is first used, which is late for a mistake in the configuration.
  await Promise.all(clients.map(({ id }) => provider.Client.find(id)));
  return provider;
}
