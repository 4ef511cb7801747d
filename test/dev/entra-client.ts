import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { apps, homeTenant } from '../../dev/entra/directory.ts';

/** Short names for what the tests ask for most. */
export const home = homeTenant.id;
export const apiScope = `${apps.api.api.identifierUri}/access_as_user`;
export const apiDefault = `${apps.api.api.identifierUri}/.default`;
export const callback = 'http://127.0.0.1:8123/auth/callback';

export type Parameters = Readonly<Record<string, string>>;

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts a form to the token endpoint. */
export async function requestToken(
  authority: string,
  form: Parameters,
  { tenant = home, headers = {} }: { tenant?: string; headers?: Parameters } = {},
): Promise<TokenAnswer> {
  const response = await fetch(`${authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as TokenAnswer['body'],
  };
}

export const proxyCredentials = { client_id: apps.proxy.id, client_secret: apps.proxy.secret };
export const smokeCredentials = { client_id: apps.smoke.id, client_secret: apps.smoke.secret };

/** The form that asks for new tokens with the refresh token of an answer. */
export function renewal({ body }: TokenAnswer): Parameters {
  return {
    ...proxyCredentials,
    grant_type: 'refresh_token',
    refresh_token: String(body.refresh_token),
    scope: apiScope,
  };
}

export function refresh(authority: string, answer: TokenAnswer): Promise<TokenAnswer> {
  return requestToken(authority, renewal(answer));
}

/** Verifies a token against the keys that the tenant publishes. */
export function verify(authority: string, token: unknown, tenant: string = home) {
  const keys = createRemoteJWKSet(new URL(`${authority}/${tenant}/discovery/v2.0/keys`));
  return jwtVerify(String(token), keys, { algorithms: ['RS256'], typ: 'JWT' });
}

export type Browser = (url: string | URL, form?: Parameters) => Promise<Response>;

/** A browser without a screen: keeps cookies by name and path, follows nothing by itself. */
export function createBrowser(): Browser {
  const jar = new Map<string, { readonly path: string; readonly pair: string }>();
  return async function visit(url, form) {
    const { pathname } = new URL(url);
    const sent = [...jar.values()].filter(({ path }) => pathname.startsWith(path)).map(({ pair }) => pair);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: sent.join('; ') },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const path =
        attributes.find((attribute) => attribute.startsWith('path='))?.slice('path='.length) ?? '/';
      jar.set(`${pair.split('=')[0] ?? ''} ${path}`, { path, pair });
    }
    return response;
  };
}

/** Where a response redirects to. */
export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '', response.url);
}

/** Follows redirects as long as they stay on the server. */
export async function follow(
  browser: Browser,
  url: string | URL,
): Promise<{ response: Response; target: URL }> {
  const response = await browser(url);
  if (response.status < 300 || response.status > 399) return { response, target: new URL(response.url) };
  const target = locationOf(response);
  return target.host === new URL(url).host ? follow(browser, target) : { response, target };
}

const verifier = randomBytes(32).toString('base64url');

/** Verifier for every request of `authorizeUrl`. */
export const codeVerifier = verifier;

/** A good authorization request of the proxy, changed by the given parameters; an empty one is left out. */
export function authorizeUrl(authority: string, changes: Parameters = {}, tenant: string = home): URL {
  const url = new URL(`${authority}/${tenant}/oauth2/v2.0/authorize`);
  const parameters: Parameters = {
    client_id: apps.proxy.id,
    redirect_uri: callback,
    response_type: 'code',
    scope: `openid profile offline_access ${apiScope}`,
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== '') url.searchParams.set(name, value);
  return url;
}

export interface Person {
  readonly username: string;
  readonly password: string;
}

/** Signs in through the form; resolves to the redirect to the client, or to the page that stands in its way. */
export async function signIn(browser: Browser, url: URL, { username, password }: Person) {
  const { response } = await follow(browser, url);
  const submitted = await browser(response.url, { username, password });
  if (submitted.status !== 303) return { response: submitted, target: new URL(submitted.url) };
  return follow(browser, locationOf(submitted));
}

/** A code for the proxy. */
export async function obtainCode(authority: string, person: Person, tenant: string = home): Promise<string> {
  const { target } = await signIn(createBrowser(), authorizeUrl(authority, {}, tenant), person);
  return target.searchParams.get('code') ?? '';
}

/** The form that redeems a code of `obtainCode`. */
export function redemption(code: string): Parameters {
  return {
    ...proxyCredentials,
    grant_type: 'authorization_code',
    code,
    redirect_uri: callback,
    code_verifier: codeVerifier,
    scope: `openid offline_access ${apiScope}`,
  };
}
