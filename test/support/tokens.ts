import { apps, homeTenant, users } from '../../dev/entra/directory.ts';

type UserName = keyof typeof users;

function authority(): string {
  return process.env.TEST_ENTRA_AUTHORITY ?? '';
}

async function requestToken(tenantId: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${authority()}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { access_token: token, error_description: problem } = (await response.json()) as Record<
    string,
    string
  >;
  if (token === undefined) throw new Error(problem);
  return token;
}

/** A user's access token by the password grant. */
function passwordToken(name: UserName, scope: string): Promise<string> {
  const { tenantId, username, password } = users[name];
  return requestToken(tenantId, {
    grant_type: 'password',
    client_id: apps.native.id,
    username,
    password,
    scope,
  });
}

/** A user's access token for the API as it is or as its v1 registration. */
export function userToken(name: UserName, api: 'api' | 'apiV1' = 'api'): Promise<string> {
  return passwordToken(name, `${apps[api].api.identifierUri}/access_as_user`);
}

/** A user's token for another API: Microsoft Graph. */
export function graphToken(name: UserName): Promise<string> {
  return passwordToken(name, 'https://graph.microsoft.com/User.Read');
}

/** An application's own token by client credentials. */
export function applicationToken(name: 'smoke' | 'daemon', api: 'api' | 'apiV1' = 'api'): Promise<string> {
  return requestToken(homeTenant.id, {
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
