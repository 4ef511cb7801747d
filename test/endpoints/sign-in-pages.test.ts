import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { users } from '../../dev/entra/directory.ts';
import { serveFetch, type Host } from '../../dev/host.ts';
import { collectComplaints, launchBrowser } from '../support/launch-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { createAuthorizationRequest, redeem, registerClient } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { entraOrigin } from '../support/sign-in-steps.ts';

const schemes = ['light', 'dark'] as const;
const markup = '<script>document.title="gone"</script>"><img src=x onerror=alert(1)>';

let server: TestServer;
let browser: Browser;
/** The application of this device: it keeps what the browser brings back. */
let application: Host;
const received: URL[] = [];

function keepCallback(request: Request): Response {
  const url = new URL(request.url);
  if (url.pathname === '/callback') received.push(url);
  return new Response('You may close this window.');
}

beforeAll(async () => {
  server = await startProxyServer();
  application = await serveFetch(keepCallback, { port: 0 });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await application.stop();
  await server.stop();
});

interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about: refusals of the Content-Security-Policy among it. */
  readonly complaints: string[];
}

async function openBrowser(options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  return { page, context, complaints: collectComplaints(page) };
}

/** A client that asks, at its consent page. */
async function openConsent({ page }: Person, redirectUri: string, name = 'Test application') {
  const client = await registerClient(server.url, { redirect_uris: [redirectUri], client_name: name });
  const asked = createAuthorizationRequest(server.url, client);
  await page.goto(asked.url.href);
  return { client, asked };
}

async function signInAtEntra({ page }: Person): Promise<void> {
  await page.getByLabel(users.alice.name).check();
  await page.getByLabel('Password').fill(users.alice.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function findFaults(page: Page) {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
  expect(passes.map((rule) => rule.id)).toEqual(
    expect.arrayContaining(['color-contrast', 'html-has-lang', 'landmark-one-main', 'region']),
  );
  return violations;
}

describe('a sign-in in Chromium', () => {
  it.each(['http://127.0.0.1', 'http://localhost'])(
    'S13: completes from the consent page to %s, at once where Entra knows the browser',
    async (host) => {
      const person = await openBrowser();
      const { page, complaints } = person;
      const redirectUri = `${host}:${application.port}/callback`;
      const { client, asked } = await openConsent(person, redirectUri);
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.waitForURL(`${entraOrigin()}/**`);
      await signInAtEntra(person);
      await page.waitForURL(`${redirectUri}?**`);
      const code = received.at(-1)?.searchParams.get('code') ?? '';
      expect((await redeem(server.url, client, { code, verifier: asked.verifier })).status).toBe(200);

      // Now every step after the form is a redirect, all of which the page's form-action must let through.
      const arrived = received.length;
      await openConsent(person, redirectUri);
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.waitForURL(`${redirectUri}?**`);
      expect(received.at(-1)?.searchParams.get('iss')).toBe(server.url);
      expect(received.length).toBeGreaterThan(arrived);
      expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    },
  );

  it('S13: is denied by keyboard, back to the application', async () => {
    const person = await openBrowser();
    await openConsent(person, `http://127.0.0.1:${application.port}/callback`);
    const focused = () => person.page.evaluate('document.activeElement.textContent');
    for (let presses = 0; presses < 10 && (await focused()) !== 'Deny'; presses += 1) {
      await person.page.keyboard.press('Tab');
    }
    await person.page.keyboard.press('Enter');
    await person.page.waitForURL(/error=access_denied/);
    expect(person.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });

  it('S13: is led on to an application’s own scheme', async () => {
    const person = await openBrowser();
    await openConsent(person, 'cursor://anysphere.cursor-mcp/oauth/callback');
    const led = person.page.waitForEvent('requestfailed', (request) => request.url().startsWith('cursor:'));
    await person.page.getByRole('button', { name: 'Deny' }).click();
    expect((await led).url()).toMatch(
      /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?error=access_denied&/,
    );
    expect(person.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });

  it('S12: is not asked about again when the person ticked the box and comes by themselves', async () => {
    const person = await openBrowser();
    const { page } = person;
    const { client } = await openConsent(person, `http://127.0.0.1:${application.port}/callback`);
    await page.getByLabel('Do not ask me again in this browser').check();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${entraOrigin()}/**`);
    await page.goto(createAuthorizationRequest(server.url, client).url.href);
    expect(new URL(page.url()).origin).toBe(entraOrigin());

    // A link on a page of another site.
    await page.goto(`http://127.0.0.1:${application.port}/`);
    await page.evaluate(
      `location.href = ${JSON.stringify(createAuthorizationRequest(server.url, client).url.href)}`,
    );
    await page.waitForURL(`${server.url}/auth/consent**`);
    expect(await page.getByRole('button', { name: 'Allow' }).isVisible()).toBe(true);
  });

  it('signs in from the landing page, shows who it is, and signs out', async () => {
    const person = await openBrowser();
    const { page, complaints } = person;
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await signInAtEntra(person);
    await page.waitForURL(`${server.url}/auth/login`);
    await page.reload();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('You are signed in');
    expect(await page.getByText(users.alice.username).isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${server.url}/`);
    expect(complaints).toEqual([]);
  });
});

describe.each(schemes)('the pages of a sign-in, in %s', (colorScheme) => {
  it('S14: consent has no fault that axe finds, whatever the application calls itself', async () => {
    const person = await openBrowser({ colorScheme });
    await openConsent(person, `http://127.0.0.1:${application.port}/callback`, markup);
    expect(await findFaults(person.page)).toEqual([]);
    expect(await person.page.title()).toBe('Sign in to Entra MCP server');
    expect(await person.page.getByRole('heading', { level: 1 }).textContent()).toContain(markup);
    expect(await person.page.locator('script, img').count()).toBe(0);
    expect(person.complaints).toEqual([]);
  });

  it('the signed-in page has no fault that axe finds', async () => {
    const person = await openBrowser({ colorScheme });
    await person.page.goto(`${server.url}/auth/login`);
    await signInAtEntra(person);
    await person.page.waitForURL(`${server.url}/auth/login`);
    expect(await findFaults(person.page)).toEqual([]);
    expect(person.complaints).toEqual([]);
  });

  it('an error page has no fault that axe finds', async () => {
    const person = await openBrowser({ colorScheme });
    await person.page.goto(`${server.url}/auth/consent?request=gone`);
    expect(await findFaults(person.page)).toEqual([]);
  });
});

describe('the pages of a sign-in, on a screen of 320 pixels', () => {
  it('fit', async () => {
    const person = await openBrowser({ viewport: { width: 320, height: 640 } });
    const { page } = person;
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    await openConsent(person, `http://127.0.0.1:${application.port}/callback`, 'x'.repeat(100));
    expect(await width()).toBe(320);
    await page.goto(`${server.url}/auth/login`);
    await signInAtEntra(person);
    await page.waitForURL(`${server.url}/auth/login`);
    expect(await width()).toBe(320);
  });
});
