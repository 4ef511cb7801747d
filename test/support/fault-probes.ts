import {
  createAuthorizationRequest,
  loopbackRedirect,
  me,
  post,
  redeem,
  refresh,
  revoke,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { Visit } from '../../dev/oauth-client/http-browser.ts';
import { moveTo, type Material } from './fault-material.ts';
import { createRawMcp } from './raw-mcp.ts';

/** What came of a request. */
export interface Reply {
  /** `served`, or status and code: `503 storage_unavailable`, `503 page`, `redirect temporarily_unavailable`. */
  readonly outcome: string;
  /** Seconds of Retry-After. */
  readonly retryAfter?: number;
}

/** One use of a server. */
export interface Probe {
  /** Of the route that it uses. */
  readonly path: string;
  readonly ask: (base: string, material: Material) => Promise<Reply>;
}

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

/** A page; or, where a form leads somewhere, the way there, which is not gone. */
function readVisit({ url, status, headers }: Visit, destination?: string): Reply {
  const isThere = status === 303 && destination !== undefined && url.pathname.endsWith(destination);
  return isThere ? { outcome: 'served' } : toReply(status, headers, 'page');
}

async function callTool(base: string, token: string, name: string, args: object): Promise<Reply> {
  const mcp = createRawMcp(new URL('/mcp', base), token);
  return readReply(await mcp.modern('tools/call', { name, arguments: args }));
}

function get(path: string): Probe {
  return { path, ask: async (base) => readReply(await fetch(`${base}${path}`)) };
}

/** Pages and documents that need nothing that can fail. */
const independentPaths = [
  '/healthz',
  '/',
  '/docs',
  '/docs/start.js',
  '/openapi.json',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
] as const;

type IndependentName = `GET ${(typeof independentPaths)[number]}`;
export const independentNames = independentPaths.map((path): IndependentName => `GET ${path}`);
const independentProbes = Object.fromEntries(
  independentPaths.map((path) => [`GET ${path}`, get(path)]),
) as Record<IndependentName, Probe>;

/** It tells what is wrong: the codes of what does not work. */
async function askHealth(base: string): Promise<Reply> {
  const response = await fetch(`${base}/health`);
  const { checks } = (await response.json()) as { checks: Record<string, { readonly code?: string }> };
  const codes = new Set(Object.values(checks).flatMap(({ code }) => code ?? []));
  return toReply(response.status, response.headers, [...codes].join(' and '));
}

async function echo(base: string, { entraToken }: Material): Promise<Reply> {
  return readTokenReply(await post(`${base}/echo`, { a: 1 }, { Authorization: `Bearer ${entraToken}` }));
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

async function showConsent(base: string, { asked }: Material): Promise<Reply> {
  const { browser, visit } = moveTo(base, asked);
  return readVisit(await browser.open(visit.url, { stop: 'http' }));
}

async function allow(base: string, { asked }: Material): Promise<Reply> {
  const { browser, visit } = moveTo(base, asked);
  const left = await browser.submit(visit, { decision: 'allow' }, { stop: 'http' });
  return readVisit(left, '/oauth2/v2.0/authorize');
}

async function comeBack(base: string, { back, client }: Material): Promise<Reply> {
  const { browser, visit } = moveTo(base, back);
  const left = await browser.open(visit.url, { stop: client.redirectUri });
  if (!left.url.href.startsWith(client.redirectUri)) return readVisit(left);
  const error = left.url.searchParams.get('error');
  return { outcome: error === null ? 'served' : `redirect ${error}` };
}

async function showSignedIn(base: string, { shown }: Material): Promise<Reply> {
  const { browser, visit } = moveTo(base, shown);
  return readVisit(await browser.open(visit.url, { stop: 'http' }));
}

async function signOut(base: string, { spare }: Material): Promise<Reply> {
  const { browser, visit } = moveTo(base, spare.shown);
  return readVisit(await browser.submit(visit, {}, { stop: 'http' }), '/');
}

export const probes = {
  ...independentProbes,
  'GET /health': { path: '/health', ask: askHealth },
  'public keys': get('/.well-known/jwks.json'),
  "call with Entra's token": {
    path: '/mcp',
    ask: (base, { entraToken }) => callTool(base, entraToken, 'add', { a: 1, b: 2 }),
  },
  'call with our token': {
    path: '/me',
    ask: async (base, { accessToken }) => readReply(await me(base, accessToken)),
  },
  echo: { path: '/echo', ask: echo },
  'saving a note': { path: '/mcp', ask: saveNote },
  'listing notes': {
    path: '/mcp',
    ask: (base, { entraToken }) => callTool(base, entraToken, 'get_user_notes', {}),
  },
  refresh: { path: '/auth/token', ask: refreshOnce },
  redemption: {
    path: '/auth/token',
    ask: (base, { client, signedIn }) => redeem(base, client, signedIn).then(readTokenReply),
  },
  revocation: {
    path: '/auth/revoke',
    ask: (base, { client, spare }) => revoke(base, client, spare.refreshToken).then(readTokenReply),
  },
  registration: { path: '/auth/register', ask: register },
  'authorization request': { path: '/auth/authorize', ask: askForSignIn },
  'consent page': { path: '/auth/consent', ask: showConsent },
  'consent given': { path: '/auth/consent', ask: allow },
  'way back from Entra': { path: '/auth/callback', ask: comeBack },
  'sign-in page': { path: '/auth/login', ask: showSignedIn },
  'signing out': { path: '/auth/logout', ask: signOut },
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof probes;
export const probeNames = Object.keys(probes) as readonly ProbeName[];
/** Those that may need something. */
export const dependentNames = probeNames.filter((name) => !(name in independentProbes));
