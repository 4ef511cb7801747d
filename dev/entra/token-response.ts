import type { AuthenticatedClient } from './client-authentication.ts';
import { apps } from './directory.ts';
import type { Resource } from './directory.ts';
import type { Granted } from './grants.ts';
import type { SigningKeys } from './keys.ts';
import { idTokenClaims, issueAccessToken, signToken } from './tokens.ts';

export interface TokenIssuer {
  readonly authority: string;
  readonly keys: SigningKeys;
  /** Life of the tokens. */
  readonly seconds: number;
}

/** What a user's token is asked for: one API, short names of its scopes, and those of OpenID Connect. */
export interface DelegatedRequest {
  readonly resource: Resource;
  readonly names: readonly string[];
  readonly openid: readonly string[];
}

const lifetime = ({ seconds }: TokenIssuer) => ({
  token_type: 'Bearer',
  expires_in: seconds,
  ext_expires_in: seconds,
});

/** The token response of client credentials. */
export async function respondToApplication(
  issuer: TokenIssuer,
  tenantId: string,
  client: AuthenticatedClient,
  resource: Resource,
) {
  const access_token = await issueAccessToken(issuer.keys.current(), {
    authority: issuer.authority,
    tenantId,
    client: client.app,
    clientAuthentication: client.method,
    seconds: issuer.seconds,
    resource,
    scopes: [],
    version: resource.api.tokenVersion,
  });
  return { ...lifetime(issuer), access_token };
}

/** The scopes as `scp` holds them and as the response lists them: in full, except those of Microsoft Graph. */
function nameScopes({ names, openid, resource }: DelegatedRequest): { scp: string[]; listed: string[] } {
  if (resource.id !== apps.graph.id) {
    return { scp: [...names], listed: names.map((name) => `${resource.api.identifierUri}/${name}`) };
  }
  const scp = [...openid.filter((name) => name !== 'offline_access'), ...names];
  return { scp, listed: scp };
}

/** The token response for a user, with an ID token and a refresh token where they were granted. */
export async function respondToUser(
  issuer: TokenIssuer,
  { nonce, refreshToken, user, withIdToken }: Granted,
  client: AuthenticatedClient,
  request: DelegatedRequest,
) {
  const key = issuer.keys.current();
  const { scp, listed } = nameScopes(request);
  const { authority, seconds } = issuer;
  const issuance = { authority, seconds, tenantId: user.tenantId, client: client.app, user };
  const access_token = await issueAccessToken(key, {
    ...issuance,
    clientAuthentication: client.method,
    resource: request.resource,
    scopes: scp,
    version: request.resource.api.tokenVersion,
  });
  return {
    ...lifetime(issuer),
    scope: listed.join(' '),
    access_token,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(withIdToken && { id_token: await signToken(key, idTokenClaims(issuance, nonce)) }),
  };
}
