import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { createHttpBrowser, type HttpBrowser, type Visit } from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { me } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { entraOrigin, lastError, readShownToken } from '../support/sign-in-steps.ts';

let server: TestServer;
let advanceMs = 0;
beforeAll(async () => {
  server = await startProxyServer({}, { now: () => Date.now() + advanceMs });
});
afterAll(() => server.stop());

function openLogin(browser: HttpBrowser, site = 'same-origin'): Promise<Visit> {
  return browser.open(`${server.url}/auth/login`, { headers: { 'Sec-Fetch-Site': site } });
}

async function signIn(browser: HttpBrowser): Promise<Visit> {
  const atEntra = await openLogin(browser);
  const { username, password } = users.alice;
  return browser.submit(atEntra, { username, password });
}

describe('/auth/login', () => {
  it('leads from this server’s own page straight to Entra, and back to a page that says who signed in', async () => {
    const browser = createHttpBrowser();
    expect((await openLogin(browser)).url.origin).toBe(entraOrigin());
    const page = await signIn(browser);
    expect(page.url.href).toBe(`${server.url}/auth/login`);
    expect(page.status).toBe(200);
    const { name, username, tenantId, oid } = users.alice;
    for (const value of [name, username, tenantId, oid]) expect(page.text).toContain(`<dd>${value}</dd>`);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toContain("; form-action 'self';");
  });

  it('asks for consent when another site leads there', async () => {
    const visit = await openLogin(createHttpBrowser(), 'cross-site');
    expect([visit.url.pathname, visit.status]).toEqual(['/auth/consent', 200]);
    expect(visit.text).toContain('This server’s own page');
  });

  it('shows a token that /mcp’s neighbours take, and shows it again on reload', async () => {
    const browser = createHttpBrowser();
    const token = readShownToken(await signIn(browser));
    expect(await (await me(server.url, token)).json()).toMatchObject({
      objectId: users.alice.oid,
      clientId: 'sign-in-page',
    });
    expect(readShownToken(await openLogin(browser))).toBe(token);
    const cookies = browser.cookies.get(server.url) ?? new Map<string, string>();
    expect([...cookies.keys()].sort()).toEqual(['mcp-browser', 'mcp-login']);
    expect([...cookies.values()].some((value) => value.includes(token))).toBe(false);
    expect(JSON.stringify(server.lines)).not.toContain(token);
  });

  it('shows nothing for a cookie that was not sealed here', async () => {
    const browser = createHttpBrowser();
    const token = readShownToken(await signIn(browser));
    browser.cookies.get(server.url)?.set('mcp-login', token);
    const visit = await browser.open(`${server.url}/auth/login`, { stop: entraOrigin() });
    expect(visit.url.origin).toBe(entraOrigin());
  });

  it('takes no answer that was begun in another browser', async () => {
    const attacker = createHttpBrowser();
    const atEntra = await openLogin(attacker);
    const { username, password } = users.bob;
    const stop = `${server.url}/auth/login`;
    const answer = await attacker.submit(atEntra, { username, password }, { stop });
    expect(answer.url.searchParams.has('code')).toBe(true);
    const victim = createHttpBrowser();
    await openLogin(victim);
    const visit = await victim.open(answer.url);
    expect([visit.status, lastError(server.lines)]).toEqual([403, 'wrong_browser']);
    expect(victim.cookies.get(server.url)?.has('mcp-login')).toBe(false);
  });

  it('tells the person who cancels at Entra', async () => {
    const browser = createHttpBrowser();
    const page = await browser.submit(await openLogin(browser), { action: 'cancel' });
    expect([page.url.pathname, page.status, lastError(server.lines)]).toEqual([
      '/auth/login',
      403,
      'access_denied',
    ]);
    expect(page.text).toContain('Error: <code>access_denied</code>');
  });

  it('takes no error that this server does not give, from a browser that began the sign-in either', async () => {
    const browser = createHttpBrowser();
    const begun = await browser.open(`${server.url}/auth/login`, { stop: `${server.url}/auth/authorize` });
    const state = begun.url.searchParams.get('state') ?? '';
    const query = new URLSearchParams({ state, error: 'made-up', error_description: 'Call 555-0100' });
    const visit = await browser.open(`${server.url}/auth/login?${query.toString()}`);
    expect([visit.status, lastError(server.lines)]).toEqual([400, 'sign_in_expired']);
    expect(visit.text).not.toMatch(/made-up|555-0100/);
    expect(JSON.stringify(server.lines)).not.toMatch(/made-up|555-0100/);
  });

  it('says nothing that a link puts into its mouth', async () => {
    const query = '?error=access_denied&error_description=Call+555-0100&state=x';
    const visit = await createHttpBrowser().open(`${server.url}/auth/login${query}`);
    expect(visit.status).toBe(403);
    expect(visit.text).not.toContain('555-0100');
  });
});

describe('/auth/logout', () => {
  it('S19: ends the token within a minute, and leaves the person’s other sign-ins alone', async () => {
    const [browser, other] = [createHttpBrowser(), createHttpBrowser()];
    const page = await signIn(browser);
    const otherToken = readShownToken(await signIn(other));
    const landing = await browser.submit(page, {});
    expect([landing.url.pathname, landing.status]).toEqual(['/', 200]);
    expect(browser.cookies.get(server.url)?.has('mcp-login')).toBe(false);
    advanceMs = 60_000;
    const refused = await me(server.url, readShownToken(page));
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'revoked_token' }),
    ]);
    expect((await me(server.url, otherToken)).status).toBe(200);
    expect((await openLogin(other)).status).toBe(200);
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['without its field', { form: '' }, {}],
    ['from another site', {}, { 'Sec-Fetch-Site': 'cross-site' }],
    ['from a page of another origin', {}, { Origin: 'https://evil.example' }],
  ])('is not for a form %s', async (_case, fields, headers) => {
    const browser = createHttpBrowser();
    const page = await signIn(browser);
    const refused = await browser.submit(page, fields, { headers });
    expect(refused.status).toBe(403);
    expect((await me(server.url, readShownToken(page))).status).toBe(200);
    expect(readShownToken(await openLogin(browser))).toBe(readShownToken(page));
  });

  it('is answered to a browser that is signed out already', async () => {
    const browser = createHttpBrowser();
    const page = await signIn(browser);
    for (let round = 0; round < 2; round += 1) {
      expect((await browser.submit(page, {})).url.pathname).toBe('/');
    }
  });
});
