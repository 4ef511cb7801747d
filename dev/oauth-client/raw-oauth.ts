import { createHash, randomBytes } from 'node:crypto';
import { users } from '../entra/directory.ts';
import { createHttpBrowser, type HttpBrowser, type Visit } from './http-browser.ts';

/** An MCP client, request by request. */
export interface RawClient {
  readonly clientId: string;
  readonly redirectUri: string;
}

export interface TokenReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export const loopbackRedirect = 'http://127.0.0.1:33418/callback';

export async function post(
  url: string,
  body: URLSearchParams | object,
  headers: Record<string, string> = {},
): Promise<TokenReply> {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...(isForm ? {} : { 'Content-Type': 'application/json' }), ...headers },
    body: isForm ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** Registers a client (RFC 7591). */
export async function registerClient(base: string, metadata: object = {}): Promise<RawClient> {
  const redirectUri = loopbackRedirect;
  const { status, body } = await post(`${base}/auth/register`, {
    client_name: 'Raw client',
    redirect_uris: [redirectUri],
    ...metadata,
  });
  if (status !== 201) throw new Error(`registration: ${status} ${JSON.stringify(body)}`);
  const [first = redirectUri] = body.redirect_uris as string[];
  return { clientId: String(body.client_id), redirectUri: first };
}

export interface AuthorizationRequest {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
}

/** An authorization request; an undefined parameter is left out. */
export function createAuthorizationRequest(
  base: string,
  { clientId, redirectUri }: RawClient,
  changes: Readonly<Record<string, string | undefined>> = {},
): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const parameters: Readonly<Record<string, string | undefined>> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    scope: 'access_as_user',
    resource: `${base}/mcp`,
    ...changes,
  };
  const url = new URL(`${base}/auth/authorize`);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return { url, verifier, state };
}

export type UserName = keyof typeof users;

/** What a person types at Entra. */
export function passwordOf(user: UserName): { username: string; password: string } {
  const { username, password } = users[user];
  return { username, password };
}

function expectPage({ url, status, text }: Visit): void {
  if (status !== 200) throw new Error(`at ${url.href}: ${status} ${text}`);
}

/** From the consent page to where the client is sent back: Allow, and the sign-in at Entra unless it knows the browser. */
export async function allow(
  browser: HttpBrowser,
  consentPage: Visit,
  { redirectUri }: Pick<RawClient, 'redirectUri'>,
  user: UserName = 'alice',
): Promise<URL> {
  const stop = redirectUri;
  expectPage(consentPage);
  const atEntra = await browser.submit(consentPage, { decision: 'allow' }, { stop });
  if (atEntra.url.href.startsWith(stop)) return atEntra.url;
  expectPage(atEntra);
  const back = await browser.submit(atEntra, passwordOf(user), { stop });
  if (!back.url.href.startsWith(stop)) throw new Error(`at ${back.url.href}: ${back.status} ${back.text}`);
  return back.url;
}

export interface SignedIn {
  readonly code: string;
  readonly verifier: string;
  readonly callback: URL;
}

/** A whole sign-in up to the code. */
export async function signIn(
  base: string,
  client: RawClient,
  options: {
    readonly user?: UserName;
    readonly changes?: Readonly<Record<string, string | undefined>>;
    readonly browser?: HttpBrowser;
  } = {},
): Promise<SignedIn> {
  const { browser = createHttpBrowser(), user, changes } = options;
  const { url, verifier } = createAuthorizationRequest(base, client, changes);
  const page = await browser.open(url, { stop: client.redirectUri });
  const callback = page.url.href.startsWith(client.redirectUri)
    ? page.url
    : await allow(browser, page, client, user);
  return { code: callback.searchParams.get('code') ?? '', verifier, callback };
}

/** Redeems a code at the token endpoint. */
export function redeem(
  base: string,
  { clientId, redirectUri }: RawClient,
  { code, verifier }: Pick<SignedIn, 'code' | 'verifier'>,
  changes: Readonly<Record<string, string>> = {},
): Promise<TokenReply> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
    ...changes,
  });
  return post(`${base}/auth/token`, form);
}

export function refresh(
  base: string,
  { clientId }: Pick<RawClient, 'clientId'>,
  refreshToken: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<TokenReply> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
    ...changes,
  });
  return post(`${base}/auth/token`, form);
}

/** Revokes a token (RFC 7009). */
export function revoke(
  base: string,
  { clientId }: Pick<RawClient, 'clientId'>,
  token: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<TokenReply> {
  return post(`${base}/auth/revoke`, new URLSearchParams({ client_id: clientId, token, ...changes }));
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export function readTokens({ status, body }: TokenReply): Tokens {
  if (status !== 200) throw new Error(`token endpoint: ${status} ${JSON.stringify(body)}`);
  return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
}

/** Registration, sign-in and redemption. */
export async function obtainTokens(
  base: string,
  options: { readonly client?: RawClient; readonly user?: UserName; readonly browser?: HttpBrowser } = {},
): Promise<Tokens & { readonly client: RawClient }> {
  const client = options.client ?? (await registerClient(base));
  const tokens = readTokens(await redeem(base, client, await signIn(base, client, options)));
  return { ...tokens, client };
}

/** Whom the server takes the bearer of this token for. */
export function me(base: string, token: string): Promise<Response> {
  return fetch(`${base}/me`, { headers: { Authorization: `Bearer ${token}` } });
}

/** 200 for a token that counts, or the code of its refusal. */
export async function answerOf(base: string, token: string): Promise<unknown> {
  const answer = await me(base, token);
  return answer.status === 200 ? 200 : ((await answer.json()) as { code: unknown }).code;
}

/** The same of two instances in turn, by a request to each. */
export async function answersOf(base: string, token: string): Promise<readonly unknown[]> {
  return [await answerOf(base, token), await answerOf(base, token)];
}
