import type { CookieSigner } from './cookie-signer.ts';

export type RandomBytes = (size: number) => Buffer;

/** What is used of a request's cookies. Names are without their prefix. */
export interface BrowserCookies {
  get(name: string): string | undefined;
  list(beginning: string): readonly string[];
  set(name: string, value: string, maxAgeSeconds: number): void;
  remove(name: string): void;
}

/** Tells one browser from another, for as long as it keeps its cookies. */
export interface Browsers {
  /** The browser's id; undefined for one that has none of this server's making. */
  recognize(cookies: BrowserCookies): Promise<string | undefined>;
  /** The browser's id, a new one for a browser that has none. Its life begins anew, under the current key. */
  identify(cookies: BrowserCookies): Promise<string>;
}

const cookieName = 'mcp-browser';
const purpose = 'browser';
const lifeSeconds = 180 * 24 * 60 * 60;

export function createBrowsers(
  signer: CookieSigner,
  { randomBytes }: { readonly randomBytes: RandomBytes },
): Browsers {
  async function recognize(cookies: BrowserCookies): Promise<string | undefined> {
    const cookie = cookies.get(cookieName);
    return cookie === undefined ? undefined : signer.verify(cookie, purpose);
  }

  return {
    recognize,
    async identify(cookies) {
      const id = (await recognize(cookies)) ?? randomBytes(16).toString('base64url');
      cookies.set(cookieName, await signer.sign(id, purpose), lifeSeconds);
      return id;
    },
  };
}
