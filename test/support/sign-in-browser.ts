import type { Page } from 'playwright-core';
import { users } from '../../dev/entra/directory.ts';
import { collectComplaints, launchBrowser } from './launch-browser.ts';

export interface SignInOptions {
  readonly user?: keyof typeof users;
  /** The button of the consent page; after `deny` nobody is asked to sign in. */
  readonly decision?: 'allow' | 'deny';
  /** `none` where Entra is asked directly. */
  readonly consent?: 'page' | 'none';
}

export interface BrowserVisit {
  /** Text of the consent page's main part. */
  readonly consentText: string;
  /** Where the client was sent its answer. */
  readonly arrivedAt: URL;
  /** What the browser complained about on the way: refusals of a Content-Security-Policy among it. */
  readonly complaints: readonly string[];
}

/** A real Chromium with a person in front of it. */
export interface SignInBrowser {
  /** Follows an authorization URL to the redirect URI that it names, as somebody whom this browser has not seen before. */
  signIn(url: URL | string, options?: SignInOptions): Promise<BrowserVisit>;
  stop(): Promise<void>;
}

async function enterPassword(page: Page, user: keyof typeof users): Promise<void> {
  const { username, password } = users[user];
  await page.locator(`input[name=username][value="${username}"]`).check();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function visit(page: Page, url: URL, options: SignInOptions): Promise<BrowserVisit> {
  const { user = 'alice', decision = 'allow', consent = 'page' } = options;
  const redirectUri = url.searchParams.get('redirect_uri') ?? '';
  // The page at the redirect URI is the client's own: what is wrong with it is nobody's business here.
  const complaints = collectComplaints(page, (current) => !current.startsWith(redirectUri));
  const answered = await page.goto(url.href);
  if (answered?.status() !== 200) {
    throw new Error(`${answered?.status() ?? 0} at ${page.url()}: ${await page.innerText('body')}`);
  }
  const consentText = consent === 'page' ? await page.getByRole('main').innerText() : '';
  if (consent === 'page') {
    await page.getByRole('button', { name: decision === 'allow' ? 'Allow' : 'Deny', exact: true }).click();
  }
  if (decision === 'allow') await enterPassword(page, user);
  await page.waitForURL((current) => current.href.startsWith(redirectUri));
  return { consentText, arrivedAt: new URL(page.url()), complaints };
}

/** Reaches this machine only. Throws where there is no Chromium. */
export async function startSignInBrowser(): Promise<SignInBrowser> {
  const browser = await launchBrowser();
  return {
    async signIn(url, options = {}) {
      const context = await browser.newContext();
      try {
        return await visit(await context.newPage(), new URL(url), options);
      } finally {
        await context.close();
      }
    },
    stop: () => browser.close(),
  };
}
