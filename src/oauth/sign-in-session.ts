import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Sealer } from '../stores/sealer.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import type { BrowserCookies, RandomBytes } from './browser.ts';
import type { CookieSigner } from './cookie-signer.ts';
import { readHolder, type Holder } from './holder.ts';
import { signInErrors, type SignInEnding } from './interactions.ts';

/** This server's own page as a client of its authorization server: it keeps one access token in the browser, sealed. */
export interface SignInSessions {
  /** Begins a sign-in. Where the browser is to go. */
  begin(cookies: BrowserCookies): Promise<URL>;
  /**
   * Ends one that the authorization server sent back, with a code or an error (RFC 6749 section 4.1.2).
   * @returns the token, which `keep` would put into the browser, or what the authorization server said instead
   * @throws AppError `wrong_browser` when it was begun in another browser, `sign_in_expired` when the code is of no use
   *   or the error is none that this server gives
   */
  complete(answer: URLSearchParams, cookies: BrowserCookies, address: string): Promise<SignInAnswer>;
  keep(token: string, cookies: BrowserCookies): Promise<void>;
  /** The token that the browser has. */
  find(cookies: BrowserCookies): Promise<string | undefined>;
  /**
   * Ends the grant behind the token and takes it from the browser. Whose it was; undefined where nobody was signed in.
   * @throws AppError `secrets_unavailable`, `storage_unavailable` where that cannot be told or done; the browser keeps
   *   what it has
   */
  end(cookies: BrowserCookies): Promise<(Holder & { readonly clientId: string }) | undefined>;
}

export type SignInAnswer = { readonly token: string } | SignInEnding;

export interface SignInSessionsDeps {
  readonly server: Pick<AuthorizationServer, 'token' | 'revoke'>;
  readonly signer: CookieSigner;
  readonly sealer: Sealer;
}

export interface SignInSessionsOptions {
  /** An origin. */
  readonly publicBaseUrl: string;
  /** Of this server's own page, which is a public client with `/auth/login` as its redirect URI. */
  readonly clientId: string;
  readonly randomBytes: RandomBytes;
}

const startCookie = 'mcp-login-start';
/** One cookie is enough for a token without many app roles; browsers take no longer ones. */
const partNames = ['mcp-login', 'mcp-login-2', 'mcp-login-3'] as const;
const partLength = 3_500;
const startPurpose = 'login-start';
const startSeconds = 30 * 60;
const place = 'cookie/login';

const tokenReplySchema = z.object({ access_token: z.string() });
const claimsSchema = z.object({ gid: z.string(), exp: z.number(), iat: z.number() });

async function exchangeCode(
  server: SignInSessionsDeps['server'],
  tokenUrl: string,
  parameters: Readonly<Record<string, string>>,
  address: string,
): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'authorization_code', ...parameters }).toString();
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const response = await server.token(
    new Request(tokenUrl, { method: 'POST', headers, body }),
    body,
    address,
  );
  if (response.ok) return tokenReplySchema.parse(await response.json()).access_token;
  throw new AppError('sign_in_expired', { detail: `the token endpoint said ${response.status}` });
}

/** The answer comes by way of a browser: what it says there must not become a word of the log, or name a metric. */
function readEnding(answer: URLSearchParams): SignInEnding {
  const error = signInErrors.find((known) => known === answer.get('error'));
  if (error === undefined) throw new AppError('sign_in_expired', { detail: 'an error of somebody else' });
  return { error, description: answer.get('error_description') ?? '' };
}

/** From /auth/login to the authorization server and back. */
function createRoundTrip(
  { server, signer }: SignInSessionsDeps,
  { publicBaseUrl, clientId, randomBytes }: SignInSessionsOptions,
): Pick<SignInSessions, 'begin' | 'complete'> {
  const redirectUri = `${publicBaseUrl}/auth/login`;

  /** The verifier of the sign-in with this state, taken from the browser. */
  async function takeStart(state: string | null, cookies: BrowserCookies): Promise<string> {
    const cookie = cookies.get(startCookie);
    const started = cookie === undefined ? undefined : await signer.verify(cookie, startPurpose);
    const [expected, verifier] = started?.split('.') ?? [];
    if (verifier === undefined || state !== expected) throw new AppError('wrong_browser');
    cookies.remove(startCookie);
    return verifier;
  }

  return {
    async begin(cookies) {
      const state = randomBytes(32).toString('base64url');
      const verifier = randomBytes(32).toString('base64url');
      cookies.set(startCookie, await signer.sign(`${state}.${verifier}`, startPurpose), startSeconds);
      const url = new URL('/auth/authorize', publicBaseUrl);
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        // Who signs out here stays signed in at Entra, and may want to be somebody else.
        prompt: 'select_account',
        state,
      }).toString();
      return url;
    },
    async complete(answer, cookies, address) {
      const verifier = await takeStart(answer.get('state'), cookies);
      const code = answer.get('code');
      if (code !== null) {
        const parameters = { code, code_verifier: verifier, client_id: clientId, redirect_uri: redirectUri };
        return { token: await exchangeCode(server, `${publicBaseUrl}/auth/token`, parameters, address) };
      }
      return readEnding(answer);
    },
  };
}

/** The token in the browser. */
function createTokenCookie(
  { server, sealer }: SignInSessionsDeps,
  clientId: string,
): Pick<SignInSessions, 'keep' | 'find' | 'end'> {
  async function open(cookies: BrowserCookies): Promise<string | undefined> {
    const sealed = partNames.map((name) => cookies.get(name) ?? '').join('');
    return sealed === '' ? undefined : sealer.open(sealed, place);
  }

  function remove(cookies: BrowserCookies): void {
    for (const name of partNames) if (cookies.get(name) !== undefined) cookies.remove(name);
  }

  return {
    find: (cookies) =>
      open(cookies).catch((error: unknown) => {
        // Anybody can make up a cookie whose key has to be looked for: then nobody is signed in.
        if (error instanceof AppError && error.code === 'secrets_unavailable') return undefined;
        throw error;
      }),
    async keep(token, cookies) {
      const { exp, iat } = claimsSchema.parse(decodeJwt(token));
      const sealed = await sealer.seal(token, place);
      if (sealed.length > partNames.length * partLength) {
        throw new AppError('invalid_request', { detail: 'the token is too long for cookies' });
      }
      remove(cookies);
      for (const [index, name] of partNames.entries()) {
        const part = sealed.slice(index * partLength, (index + 1) * partLength);
        if (part !== '') cookies.set(name, part, exp - iat);
      }
    },
    async end(cookies) {
      const token = await open(cookies);
      remove(cookies);
      if (token === undefined) return undefined;
      await server.revoke(claimsSchema.parse(decodeJwt(token)).gid);
      return { ...readHolder(token), clientId };
    },
  };
}

export function createSignInSessions(
  deps: SignInSessionsDeps,
  options: SignInSessionsOptions,
): SignInSessions {
  return { ...createRoundTrip(deps, options), ...createTokenCookie(deps, options.clientId) };
}
