import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  registerClient,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { entraOrigin, lastError, openConsent, pressAllow } from '../support/sign-in-steps.ts';

const listed = { client_id: 'listed', client_name: 'Listed', redirect_uris: ['http://127.0.0.1/callback'] };

let server: TestServer;
let client: RawClient;
beforeAll(async () => {
  server = await startProxyServer({ OAUTH_PREREGISTERED_CLIENTS: JSON.stringify([listed]) });
  client = await registerClient(server.url);
});
afterAll(() => server.stop());

async function authorize(changes: Record<string, string | undefined>) {
  const { url } = createAuthorizationRequest(server.url, client, changes);
  return { asked: url.searchParams, response: await fetch(url, { redirect: 'manual' }) };
}

/** Client and reason of the latest refusal that was audited. */
function lastRefusal() {
  const event = server.lines.findLast(({ action }) => action === 'refusal');
  return [event?.client, event?.reason];
}

describe('an authorization request that may not be answered by a redirect', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['no client', { client_id: undefined }, 'invalid_request'],
    ['an unregistered redirect URI', { redirect_uri: 'https://evil.example/cb' }, 'invalid_redirect_uri'],
    ['another path on loopback', { redirect_uri: 'http://127.0.0.1:33418/other' }, 'invalid_redirect_uri'],
    ['a redirect URI that was left out', { redirect_uri: undefined }, 'invalid_request'],
    ['no redirect URI', { redirect_uri: undefined, client_id: 'nobody' }, 'invalid_client'],
  ])('S1: is told on a page of ours: %s', async (_case, changes, code) => {
    const { asked, response } = await authorize(changes);
    expect([400, 401]).toContain(response.status);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("form-action 'none'");
    const page = await response.text();
    expect(page).toContain(`Error: <code>${code}`);
    expect(page).toContain(response.headers.get('x-request-id'));
    // Whoever wrote the request: nothing of it is shown to the person.
    const names = ['redirect_uri', 'state', 'code_challenge'];
    const sent = names.map((name) => asked.get(name)).filter((value) => value !== null);
    expect(sent.length).toBeGreaterThanOrEqual(2);
    for (const value of sent) expect(page).not.toContain(URL.parse(value)?.host ?? value);
    expect(lastError(server.lines)).toBe(code);
    expect(lastRefusal()).toEqual([asked.get('client_id') ?? undefined, code]);
  });

  it('S23: tells the person of a client that is gone how to reconnect', async () => {
    const { response } = await authorize({ client_id: 'gone-since-last-week' });
    expect(await response.text()).toContain('remove the connection to this server and add it again');
  });

  it('S25: leaves nothing of the request in the log', async () => {
    const before = server.lines.length;
    const { asked } = await authorize({ client_id: 'nobody' });
    const lines = server.lines.slice(before);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'request', route: '/auth/authorize', error: 'invalid_client' }),
    );
    const log = JSON.stringify(lines);
    for (const name of ['state', 'code_challenge', 'redirect_uri', 'resource']) {
      const value = asked.get(name);
      if (value === null) throw new Error(`${name} was not sent`);
      expect(log).not.toContain(value);
    }
  });

  it('is refused by the guard’s page where parameters come twice', async () => {
    const { url } = createAuthorizationRequest(server.url, client);
    url.searchParams.append('client_id', 'another');
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(lastError(server.lines)).toBe('invalid_request');
  });
});

describe('an authorization request', () => {
  it('that is in order leads to the consent page, and sets no cookie', async () => {
    const { response } = await authorize({});
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toMatch(/\/auth\/consent\?request=[\w-]+$/);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toBe('');
  });

  it('with another fault goes back to the client, with the issuer', async () => {
    const { response } = await authorize({ code_challenge_method: 'plain' });
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.href.startsWith(client.redirectUri)).toBe(true);
    expect(location.searchParams.get('error')).toBe('invalid_request');
    expect(location.searchParams.getAll('iss')).toEqual([server.url]);
  });
});

describe('an error that the client is to be told', () => {
  it.each([
    ['https://agent.example.com/callback', 'agent.example.com'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor'],
  ])('S1, S6: sends nobody to %s without a click', async (redirectUri, shown) => {
    const distant = await registerClient(server.url, { redirect_uris: [redirectUri] });
    for (const [changes, error] of [
      [{ prompt: 'none' }, 'interaction_required'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ resource: 'https://other.example/mcp' }, 'invalid_target'],
    ] as const) {
      const { url, state } = createAuthorizationRequest(server.url, distant, changes);
      const response = await fetch(url, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
      expect(response.headers.get('refresh')).toBeNull();
      const page = await response.text();
      expect(page).not.toMatch(/<meta http-equiv|<script|<form/i);
      const [, href = '', name] = /<a href="([^"]*)">Back to ([^<]*)<\/a>/.exec(page) ?? [];
      expect(name).toBe(shown);
      const target = new URL(href.replaceAll('&amp;', '&'));
      expect(target.href.startsWith(redirectUri)).toBe(true);
      expect(target.searchParams.get('error')).toBe(error);
      expect(target.searchParams.get('state')).toBe(state);
      expect(target.searchParams.getAll('iss')).toEqual([server.url]);
      expect(lastError(server.lines)).toBe(error);
      expect(lastRefusal()).toEqual([distant.clientId, error]);
    }
  });

  it.each(['http://127.0.0.1:33418/callback', 'http://[::1]:5000/callback', 'http://localhost:5000/cb'])(
    'S6: goes back at once to an application of this device: %s',
    async (redirectUri) => {
      const local = await registerClient(server.url, { redirect_uris: [redirectUri] });
      const { url } = createAuthorizationRequest(server.url, local, { prompt: 'none' });
      const response = await fetch(url, { redirect: 'manual' });
      const location = new URL(response.headers.get('location') ?? '');
      expect(location.href.startsWith(redirectUri)).toBe(true);
      expect(location.searchParams.get('error')).toBe('interaction_required');
      expect(lastRefusal()).toEqual([local.clientId, 'interaction_required']);
    },
  );
});

/** A browser that asked to be remembered, and is: its own person is led straight to Entra. */
async function createRememberedBrowser() {
  const browser = createHttpBrowser();
  const page = await openConsent(browser, server.url, client);
  await pressAllow(browser, page, { remember: 'on' });
  const next = await openConsent(browser, server.url, client);
  if (next.url.origin !== entraOrigin()) throw new Error(`not remembered: at ${next.url.href}`);
  return browser;
}

describe('remembered consent', () => {
  it.each(['none', 'same-origin'])('S12: goes straight to Entra when Sec-Fetch-Site is %s', async (site) => {
    const browser = await createRememberedBrowser();
    const visit = await openConsent(browser, server.url, client, { headers: { 'Sec-Fetch-Site': site } });
    expect(visit.url.origin).toBe(entraOrigin());
    expect(visit.url.searchParams.get('state')).toMatch(/^[\w-]{43}$/);
  });

  it.each(['cross-site', 'same-site', ''])('S12: is never used when Sec-Fetch-Site is "%s"', async (site) => {
    const browser = await createRememberedBrowser();
    const visit = await openConsent(browser, server.url, client, { headers: { 'Sec-Fetch-Site': site } });
    expect([visit.url.pathname, visit.status]).toEqual(['/auth/consent', 200]);
  });

  it('S12: is never used without Sec-Fetch-Site', async () => {
    const browser = await createRememberedBrowser();
    const cookies = [...(browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`);
    const ask = async (headers: Record<string, string>) => {
      const { url } = createAuthorizationRequest(server.url, client);
      const sent = { Cookie: cookies.join('; '), ...headers };
      return (await fetch(url, { redirect: 'manual', headers: sent })).headers.get('location');
    };
    expect(await ask({})).toMatch(/\/auth\/consent\?/);
    // The same cookies with it.
    expect(await ask({ 'Sec-Fetch-Site': 'none' })).toContain(entraOrigin());
  });

  it('S12: is of one browser', async () => {
    await createRememberedBrowser();
    const visit = await openConsent(createHttpBrowser(), server.url, client);
    expect(visit.url.pathname).toBe('/auth/consent');
  });

  it('S12: is of one client and one redirect URI', async () => {
    const browser = await createRememberedBrowser();
    const other = await registerClient(server.url);
    expect((await openConsent(browser, server.url, other)).url.pathname).toBe('/auth/consent');
    const changes = { redirect_uri: client.redirectUri.replace('33418', '33419') };
    expect((await openConsent(browser, server.url, client, { changes })).url.pathname).toBe('/auth/consent');
  });

  it('S12: gives way to prompt=consent', async () => {
    const browser = await createRememberedBrowser();
    const visit = await openConsent(browser, server.url, client, { changes: { prompt: 'login consent' } });
    expect(visit.url.pathname).toBe('/auth/consent');
  });

  it('S12: is given only by who ticks the box', async () => {
    const browser = createHttpBrowser();
    await pressAllow(browser, await openConsent(browser, server.url, client));
    expect((await openConsent(browser, server.url, client)).url.pathname).toBe('/auth/consent');
  });

  it('S12: is neither offered to nor kept for a client of this device whose id is anybody’s', async () => {
    const anybody = { clientId: listed.client_id, redirectUri: 'http://127.0.0.1:5000/callback' };
    const browser = createHttpBrowser();
    const page = await openConsent(browser, server.url, anybody);
    expect(page.text).not.toContain('type="checkbox"');
    await pressAllow(browser, page, { remember: 'on' });
    expect((await openConsent(browser, server.url, anybody)).url.pathname).toBe('/auth/consent');
  });
});
