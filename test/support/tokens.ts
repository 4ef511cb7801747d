import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { requestLocalToken, requestUserToken } from '../../dev/oauth-client/entra-tokens.ts';
import type { UserName } from '../../dev/oauth-client/raw-oauth.ts';

function authority(): string {
  return process.env.TEST_ENTRA_AUTHORITY ?? '';
}

/** A user's access token for the API as it is or as its v1 registration. */
export function userToken(name: UserName, api: 'api' | 'apiV1' = 'api'): Promise<string> {
  return requestUserToken(authority(), name, `${apps[api].api.identifierUri}/access_as_user`);
}

/** A user's token for another API: Microsoft Graph. */
export function graphToken(name: UserName): Promise<string> {
  return requestUserToken(authority(), name, 'https://graph.microsoft.com/User.Read');
}

/** An application's own token by client credentials. */
export function applicationToken(name: 'smoke' | 'daemon', api: 'api' | 'apiV1' = 'api'): Promise<string> {
  return requestLocalToken(authority(), homeTenant.id, {
    grant_type: 'client_credentials',
    client_id: apps[name].id,
    client_secret: apps[name].secret,
    scope: `${apps[api].api.identifierUri}/.default`,
  });
}

export interface MintOptions {
  /** `user:alice`, `app:smoke` or `id:alice`. */
  readonly base?: string;
  readonly version?: '1.0' | '2.0';
  readonly claims?: Record<string, unknown>;
  readonly omit?: readonly string[];
}

/** A token that Entra would not give, signed by Entra's current key. */
export async function mintToken(options: MintOptions, entra = authority()): Promise<string> {
  const response = await fetch(`${entra}/dev/tokens`, {
    method: 'POST',
    body: JSON.stringify(options),
  });
  const { token, error } = (await response.json()) as Record<string, string>;
  if (token === undefined) throw new Error(error);
  return token;
}
