import { apps, users } from '../entra/directory.ts';
import { passwordOf, post, readTokens, type UserName } from './raw-oauth.ts';

/** An access token from the local Entra at this authority. Throws with Entra's answer where it gives none. */
export async function requestLocalToken(
  authority: string,
  tenantId: string,
  form: Readonly<Record<string, string>>,
): Promise<string> {
  const reply = await post(`${authority}/${tenantId}/oauth2/v2.0/token`, new URLSearchParams(form));
  return readTokens(reply).accessToken;
}

/** A user's, by the password grant; for the API of the project unless told. */
export function requestUserToken(
  authority: string,
  user: UserName,
  scope = `${apps.api.api.identifierUri}/access_as_user`,
): Promise<string> {
  return requestLocalToken(authority, users[user].tenantId, {
    grant_type: 'password',
    client_id: apps.native.id,
    ...passwordOf(user),
    scope,
  });
}
