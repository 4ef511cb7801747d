import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Upstream } from '../oauth/upstream.ts';
import { createHttpBrowser, type HttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  redeem,
  registerClient,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { lastError, openConsent, pressAllow, signInAtEntra } from '../support/sign-in-steps.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';

let upstream: Upstream;
let server: TestServer;
let client: RawClient;
let advanceMs = 0;
beforeAll(async () => {
  upstream = await startTrustingUpstream();
  server = await startProxyServer(
    { ENTRA_AUTHORITY: upstream.authority },
    { now: () => Date.now() + advanceMs },
  );
  client = await registerClient(server.url);
});
afterEach(() => {
  advanceMs = 0;
  upstream.fault = 'none';
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

/** Up to the callback, which is not visited yet. */
async function reachCallback(fields: Record<string, string> = {}) {
  const browser = createHttpBrowser();
  const asked = createAuthorizationRequest(server.url, client);
  const page = await browser.open(asked.url);
  const atEntra = await pressAllow(browser, page);
  const callback = await signInAtEntra(browser, server.url, atEntra, fields);
  return { browser, callback, atEntra, asked };
}

function visit(browser: HttpBrowser, callback: URL) {
  return browser.open(callback, { stop: client.redirectUri, headers: { 'Sec-Fetch-Site': 'cross-site' } });
}

function signInCookies(browser: HttpBrowser): string[] {
  const names = [...(browser.cookies.get(server.url)?.keys() ?? [])];
  return names.filter((name) => name.startsWith('mcp-sign-in-'));
}

describe('the way back from Entra', () => {
  it('S6: ends at the client with a code, its state and the issuer, and the browser is bound no more', async () => {
    const { browser, callback, asked } = await reachCallback();
    expect(signInCookies(browser)).toHaveLength(1);
    const { url, status } = await visit(browser, callback);
    expect(status).toBe(303);
    expect(url.href.startsWith(client.redirectUri)).toBe(true);
    const { code = '', ...others } = Object.fromEntries(url.searchParams);
    expect(others).toEqual({ state: asked.state, iss: server.url });
    expect(signInCookies(browser)).toEqual([]);
    expect((await redeem(server.url, client, { code, verifier: asked.verifier })).status).toBe(200);
  });

  it('S7: has a state of 256 bits that the server made, another each time', async () => {
    const states = await Promise.all(
      [1, 2, 3].map(async () => {
        const browser = createHttpBrowser();
        const asked = createAuthorizationRequest(server.url, client, { state: 'of-the-client' });
        return (await pressAllow(browser, await browser.open(asked.url))).searchParams.get('state') ?? '';
      }),
    );
    expect(new Set(states).size).toBe(3);
    for (const state of states) expect(Buffer.from(state, 'base64url')).toHaveLength(32);
  });

  it('S7: is gone once, also when it is tried many times at once', async () => {
    const { callback, browser } = await reachCallback();
    const tries = await Promise.all(
      Array.from({ length: 10 }, () => {
        const same = createHttpBrowser();
        same.cookies.set(server.url, new Map(browser.cookies.get(server.url)));
        return visit(same, callback);
      }),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual([303, ...Array<number>(9).fill(400)]);
    expect((await visit(browser, callback)).status).toBe(400);
    expect(lastError(server.lines)).toBe('sign_in_expired');
  });

  it('S7: ends after ten minutes', async () => {
    const { browser, callback } = await reachCallback();
    advanceMs = 10 * 60_000;
    expect([(await visit(browser, callback)).status, lastError(server.lines)]).toEqual([
      400,
      'sign_in_expired',
    ]);
  });

  it('S9: is closed to another browser, which uses nothing up', async () => {
    const { browser, callback } = await reachCallback();
    const requests = upstream.tokenRequests.length;
    const other = await visit(createHttpBrowser(), callback);
    expect([other.status, lastError(server.lines)]).toEqual([403, 'wrong_browser']);
    expect(other.headers.get('location')).toBeNull();
    expect(other.headers.getSetCookie()).toEqual([]);
    expect(upstream.tokenRequests).toHaveLength(requests);
    expect((await visit(browser, callback)).url.searchParams.has('code')).toBe(true);
  });

  it('S9: is closed to a browser into which the attacker’s cookies were put before Allow was pressed', async () => {
    const attacker = createHttpBrowser();
    const page = await openConsent(attacker, server.url, client);
    const victim = createHttpBrowser();
    victim.cookies.set(server.url, new Map(attacker.cookies.get(server.url)));
    const callback = await signInAtEntra(victim, server.url, await pressAllow(attacker, page));
    expect([(await visit(victim, callback)).status, lastError(server.lines)]).toEqual([403, 'wrong_browser']);
  });

  it('S9: is closed to a browser that is in the middle of another sign-in', async () => {
    const [own, others] = [await reachCallback(), await reachCallback()];
    const jar = own.browser.cookies.get(server.url) ?? new Map<string, string>();
    const secret = jar.get(signInCookies(own.browser)[0] ?? '') ?? '';
    // The other sign-in's name, this one's secret.
    jar.set(signInCookies(others.browser)[0] ?? '', secret);
    expect((await visit(own.browser, others.callback)).status).toBe(403);
  });

  it.each(['', '?state=', '?code=c', '?state=unknown&code=c', '?state=a&state=b&code=c'])(
    'is a page for a callback that nobody waits for: "%s"',
    async (query) => {
      const response = await fetch(`${server.url}/auth/callback${query}`, { redirect: 'manual' });
      expect([response.status, lastError(server.lines)]).toEqual([400, 'sign_in_expired']);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    },
  );

  it('S25: leaves no state, code or cookie in the log', async () => {
    const { browser, callback, asked } = await reachCallback();
    const cookies = [...(browser.cookies.get(server.url)?.values() ?? [])];
    const { url } = await visit(browser, callback);
    const secrets = [
      ...callback.searchParams.values(),
      ...url.searchParams.values(),
      ...cookies,
      asked.verifier,
    ].filter((value) => value !== server.url);
    // The code and the state of Entra, those of the client, the cookies, the verifier.
    expect(new Set(secrets).size).toBeGreaterThanOrEqual(6);
    const log = JSON.stringify(server.lines);
    for (const route of ['authorize', 'consent', 'callback']) expect(log).toContain(`"/auth/${route}"`);
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });
});

describe('a sign-in that Entra does not complete', () => {
  it.each<[string, () => void, object, string]>([
    [
      'is down',
      () => (upstream.fault = 'cut-before'),
      { error: 'temporarily_unavailable' },
      'entra_unavailable',
    ],
    [
      'refuses this server',
      () =>
        (upstream.fault = {
          status: 401,
          body: '{"error":"invalid_client","error_description":"AADSTS7000215: x"}',
        }),
      { error: 'temporarily_unavailable' },
      'entra_refused_server',
    ],
    [
      'refuses the person',
      () =>
        (upstream.fault = {
          status: 400,
          body: '{"error":"invalid_grant","error_description":"AADSTS50105: x"}',
        }),
      { error: 'access_denied' },
      'access_denied',
    ],
  ])('is told to the client when Entra %s', async (_case, fail, expected, code) => {
    const { browser, callback, asked } = await reachCallback();
    fail();
    const { url } = await visit(browser, callback);
    expect(url.href.startsWith(client.redirectUri)).toBe(true);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...expected,
      error_description: expect.any(String),
      state: asked.state,
      iss: server.url,
    });
    expect(lastError(server.lines)).toBe(code);
    expect(signInCookies(browser)).toEqual([]);
  });

  it('is told to the client when the person cancels at Entra', async () => {
    const { browser, callback } = await reachCallback({ action: 'cancel' });
    const { url } = await visit(browser, callback);
    expect([url.searchParams.get('error'), url.searchParams.get('iss')]).toEqual([
      'access_denied',
      server.url,
    ]);
    expect((await visit(browser, callback)).status).toBe(400);
  });
});
