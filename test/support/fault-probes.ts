import { createHttpBrowser, type HttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import {
  createAuthorizationRequest,
  loopbackRedirect,
  me,
  obtainTokens,
  passwordOf,
  post,
  redeem,
  refresh,
  signIn,
  type RawClient,
  type SignedIn,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createRawMcp } from './raw-mcp.ts';

/** What came of a request. */
export interface Reply {
  /** `served`, or status and code: `503 storage_unavailable`, `503 page`, `redirect temporarily_unavailable`. */
  readonly outcome: string;
  /** Seconds of Retry-After. */
  readonly retryAfter?: number;
}

/** What a probe asks with. */
export interface Material {
  readonly client: RawClient;
  readonly accessToken: string;
  refreshToken: string;
  /** Entra's own. */
  readonly entraToken: string;
  /** A code that nobody has redeemed. */
  signedIn: SignedIn;
  /** A sign-in that comes back from Entra, and the browser that it is in. */
  back: { readonly browser: HttpBrowser; readonly url: URL };
  /** Texts of notes, those that were said to be saved. */
  readonly saved: Set<string>;
}

/** One use of a server. */
export type Probe = (base: string, material: Material) => Promise<Reply>;

function toReply(status: number, headers: Headers, code: unknown): Reply {
  const retryAfter = headers.get('retry-after');
  return {
    outcome: status < 300 ? 'served' : `${status} ${String(code)}`,
    ...(retryAfter !== null && { retryAfter: Number(retryAfter) }),
  };
}

/** The code is in JSON of either form; a page is for people. */
async function readReply(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const { code, error } = (isJson ? JSON.parse(text) : { code: 'page' }) as {
    readonly code?: string;
    readonly error?: { readonly data?: { readonly code?: string } };
  };
  return toReply(response.status, response.headers, code ?? error?.data?.code);
}

function readTokenReply({ status, headers, body }: TokenReply): Reply {
  return toReply(status, headers, body.code ?? body.error);
}

async function callTool(base: string, token: string, name: string, args: object): Promise<Reply> {
  const mcp = createRawMcp(new URL('/mcp', base), token);
  return readReply(await mcp.modern('tools/call', { name, arguments: args }));
}

function get(path: string): Probe {
  return async (base) => readReply(await fetch(`${base}${path}`));
}

async function saveNote(base: string, { entraToken, saved }: Material): Promise<Reply> {
  const text = `note ${crypto.randomUUID()}`;
  const reply = await callTool(base, entraToken, 'save_user_note', { text });
  if (reply.outcome === 'served') saved.add(text);
  return reply;
}

async function refreshOnce(base: string, material: Material): Promise<Reply> {
  const reply = await refresh(base, material.client, material.refreshToken);
  if (reply.status === 200) material.refreshToken = String(reply.body.refresh_token);
  return readTokenReply(reply);
}

async function register(base: string): Promise<Reply> {
  return readTokenReply(await post(`${base}/auth/register`, { redirect_uris: [loopbackRedirect] }));
}

async function askForSignIn(base: string, { client }: Material): Promise<Reply> {
  // Without a resource: this instance need not be at the public URL.
  const { url } = createAuthorizationRequest(base, client, { resource: undefined });
  const response = await fetch(url, { redirect: 'manual' });
  const isAsked = response.headers.get('location')?.includes('/auth/consent') === true;
  return isAsked ? { outcome: 'served' } : readReply(response);
}

async function comeBack(base: string, { back: { browser, url }, client }: Material): Promise<Reply> {
  const there = new URL(`${url.pathname}${url.search}`, base);
  browser.cookies.set(there.origin, new Map(browser.cookies.get(url.origin)));
  const visit = await browser.open(there, { stop: client.redirectUri });
  if (!visit.url.href.startsWith(client.redirectUri)) return toReply(visit.status, visit.headers, 'page');
  const error = visit.url.searchParams.get('error');
  return { outcome: error === null ? 'served' : `redirect ${error}` };
}

export const probes = {
  'GET /healthz': get('/healthz'),
  'GET /': get('/'),
  'resource metadata': get('/.well-known/oauth-protected-resource/mcp'),
  'server metadata': get('/.well-known/oauth-authorization-server'),
  'public keys': get('/.well-known/jwks.json'),
  "call with Entra's token": (base, { entraToken }) => callTool(base, entraToken, 'add', { a: 1, b: 2 }),
  'call with our token': async (base, { accessToken }) => readReply(await me(base, accessToken)),
  'saving a note': saveNote,
  'listing notes': (base, { entraToken }) => callTool(base, entraToken, 'get_user_notes', {}),
  refresh: refreshOnce,
  redemption: (base, { client, signedIn }) => redeem(base, client, signedIn).then(readTokenReply),
  registration: register,
  'authorization request': askForSignIn,
  'way back from Entra': comeBack,
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof probes;
export const probeNames = Object.keys(probes) as readonly ProbeName[];

/** A browser on its way back from Entra. */
export async function signInAtEntra(base: string, client: RawClient): Promise<Material['back']> {
  const browser = createHttpBrowser();
  const consent = await browser.open(createAuthorizationRequest(base, client).url);
  const stop = `${base}/auth/callback`;
  const atEntra = await browser.submit(consent, { decision: 'allow' }, { stop });
  const { url } = await browser.submit(atEntra, passwordOf('alice'), { stop });
  return { browser, url };
}

/** Everything new, but for the notes that were saved. */
export async function prepareMaterial(
  base: string,
  { client, entraToken, saved }: Pick<Material, 'client' | 'entraToken' | 'saved'>,
): Promise<Material> {
  const { accessToken, refreshToken } = await obtainTokens(base, { client });
  const signedIn = await signIn(base, client);
  const back = await signInAtEntra(base, client);
  return { client, entraToken, saved, accessToken, refreshToken, signedIn, back };
}
