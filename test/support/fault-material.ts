import { createHttpBrowser, type HttpBrowser, type Visit } from '../../dev/oauth-client/http-browser.ts';
import {
  createAuthorizationRequest,
  obtainTokens,
  passwordOf,
  signIn,
  type RawClient,
  type SignedIn,
} from '../../dev/oauth-client/raw-oauth.ts';
import { signInAtPage } from './sign-in-steps.ts';

/** A page, and the browser that it is in. */
export interface Page {
  readonly browser: HttpBrowser;
  readonly visit: Visit;
}

/** What lasts for hours. */
export interface Lasting {
  accessToken: string;
  refreshToken: string;
  /** What `/auth/login` shows to somebody who has signed in there. */
  shown: Page;
}

/** What is used once, or ends within minutes. */
export interface Fresh {
  /** A code that nobody has redeemed. */
  signedIn: SignedIn;
  /** The consent page of a request that nobody has decided on. */
  asked: Page;
  /** A sign-in that comes back from Entra. */
  back: Page;
}

/** What a probe asks with. */
export interface Material extends Lasting, Fresh {
  readonly client: RawClient;
  /** Entra's own. */
  readonly entraToken: string;
  /** Texts of notes, those that were said to be saved. */
  readonly saved: Set<string>;
  /** Other sign-ins, to be ended. */
  spare: Pick<Lasting, 'refreshToken' | 'shown'>;
}

async function openConsent(base: string, client: RawClient): Promise<Page> {
  const browser = createHttpBrowser();
  return { browser, visit: await browser.open(createAuthorizationRequest(base, client).url) };
}

/** A browser on its way back from Entra. */
export async function comeBackFromEntra(base: string, client: RawClient): Promise<Page> {
  const { browser, visit: consent } = await openConsent(base, client);
  const stop = `${base}/auth/callback`;
  const atEntra = await browser.submit(consent, { decision: 'allow' }, { stop });
  return { browser, visit: await browser.submit(atEntra, passwordOf('alice'), { stop }) };
}

async function openSignedIn(base: string): Promise<Page> {
  const browser = createHttpBrowser();
  return { browser, visit: await signInAtPage(browser, base) };
}

export async function prepareLasting(base: string, client: RawClient): Promise<Lasting> {
  const [{ accessToken, refreshToken }, shown] = await Promise.all([
    obtainTokens(base, { client }),
    openSignedIn(base),
  ]);
  return { accessToken, refreshToken, shown };
}

export async function prepareFresh(base: string, client: RawClient): Promise<Fresh> {
  const [signedIn, asked, back] = await Promise.all([
    signIn(base, client),
    openConsent(base, client),
    comeBackFromEntra(base, client),
  ]);
  return { signedIn, asked, back };
}

/** The same page, in the same browser, at another instance. */
export function moveTo(base: string, { browser, visit }: Page): Page {
  const url = new URL(`${visit.url.pathname}${visit.url.search}`, base);
  browser.cookies.set(url.origin, new Map(browser.cookies.get(visit.url.origin)));
  return { browser, visit: { ...visit, url } };
}
