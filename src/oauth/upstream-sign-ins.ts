import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { SignInRequest } from './interactions.ts';
import type { BrowserCookies, RandomBytes } from './browser.ts';
import type { CookieSigner } from './cookie-signer.ts';
import type { EntraClient } from './entra-client.ts';
import type { OAuthStores, UpstreamSignIn } from './stores.ts';

/** Sign-ins on their way through Entra. */
export interface UpstreamSignIns {
  /**
   * Begins one for a request that the person has just allowed in this browser, and binds it to the browser: by a secret
   * made now, so that nothing that was put into the browser before can complete it. Where the browser is to go.
   */
  begin(request: Pick<SignInRequest, 'id' | 'hints'>, cookies: BrowserCookies): Promise<URL>;
  /**
   * The sign-in that Entra's redirect belongs to, for the browser that began it and only once.
   * @throws AppError `sign_in_expired`, `wrong_browser` (which leaves it to the browser that began it)
   */
  claim(state: string, cookies: BrowserCookies): Promise<UpstreamSignIn>;
}

export interface UpstreamSignInsDeps {
  readonly store: OAuthStores['signIns'];
  readonly signer: CookieSigner;
  readonly entra: EntraClient;
}

const lifeSeconds = 10 * 60;
/** Sign-ins of one browser that are under way: every one is a cookie, and all of them go with every request. */
const maxUnderWay = 5;
const cookieNames = 'mcp-sign-in-';
const purpose = 'sign-in';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function cookieNameOf(state: string): string {
  return cookieNames + digest(state).toString('hex').slice(0, 16);
}

/** When it was begun and its secret. */
function parseCookie(value: string | undefined): { begunAt: number; secret: string } | undefined {
  const [, begunAt, secret] = /^(\d+)\.([\w-]+)$/.exec(value ?? '') ?? [];
  return secret === undefined ? undefined : { begunAt: Number(begunAt), secret };
}

export function createUpstreamSignIns(
  { store, signer, entra }: UpstreamSignInsDeps,
  { now, randomBytes }: { readonly now: () => number; readonly randomBytes: RandomBytes },
): UpstreamSignIns {
  async function readCookie(cookies: BrowserCookies, name: string) {
    const cookie = cookies.get(name);
    return parseCookie(cookie === undefined ? undefined : await signer.verify(cookie, purpose));
  }

  /** Makes room for one more: what is not of this server's making goes first, then the oldest. */
  async function makeRoom(cookies: BrowserCookies): Promise<void> {
    const begun = await Promise.all(
      cookies.list(cookieNames).map(async (name) => {
        const { begunAt = 0 } = (await readCookie(cookies, name)) ?? {};
        return { name, begunAt };
      }),
    );
    const newestFirst = begun.sort((left, right) => right.begunAt - left.begunAt);
    for (const { name } of newestFirst.slice(maxUnderWay - 1)) cookies.remove(name);
  }

  return {
    async begin({ id, hints }, cookies) {
      const random = () => randomBytes(32).toString('base64url');
      const [state, nonce, codeVerifier, secret] = [random(), random(), random(), random()];
      const browser = digest(secret).toString('base64url');
      await makeRoom(cookies);
      cookies.set(cookieNameOf(state), await signer.sign(`${now()}.${secret}`, purpose), lifeSeconds);
      const signIn = { requestId: id, codeVerifier, nonce, browser };
      await store.insert(state, signIn, now() + lifeSeconds * 1_000);
      const codeChallenge = digest(codeVerifier).toString('base64url');
      return entra.authorizeUrl({ state, nonce, codeChallenge, hints });
    },

    async claim(state, cookies) {
      const waiting = await store.find(state);
      if (waiting === undefined) throw new AppError('sign_in_expired');
      const cookie = await readCookie(cookies, cookieNameOf(state));
      const expected = Buffer.from(waiting.value.browser, 'base64url');
      if (cookie === undefined || !timingSafeEqual(digest(cookie.secret), expected)) {
        throw new AppError('wrong_browser');
      }
      const signIn = await store.take(state);
      if (signIn === undefined) throw new AppError('sign_in_expired');
      cookies.remove(cookieNameOf(state));
      return signIn;
    },
  };
}
