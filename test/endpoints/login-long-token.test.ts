import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, users } from '../../dev/entra/directory.ts';
import type { Upstream } from '../oauth/upstream.ts';
import { createHttpBrowser, type HttpBrowser, type Visit } from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { me, passwordOf, type UserName } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { lastError, readShownToken } from '../support/sign-in-steps.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';

let upstream: Upstream;
let server: TestServer;
let advanceMs = 0;
beforeAll(async () => {
  upstream = await startTrustingUpstream();
  server = await startProxyServer(
    { ENTRA_AUTHORITY: upstream.authority },
    { now: () => Date.now() + advanceMs },
  );
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

/** Gives a person of the local Entra, which runs in this process, as many app roles. */
function assignRoles(user: UserName, count: number): void {
  const roles = Array.from(
    { length: count },
    (_, index) => `Mcp.Role.Of.Many.${String(index).padStart(4, '0')}`,
  );
  Object.assign(users[user], { assignedRoles: roles });
  Object.assign(apps.api.api, { appRoles: ['Mcp.Invoke', ...roles] });
}

async function signIn(browser: HttpBrowser, user: UserName): Promise<Visit> {
  const headers = { 'Sec-Fetch-Site': 'same-origin' };
  const atEntra = await browser.open(`${server.url}/auth/login`, { headers });
  // Entra may know the browser.
  return atEntra.url.origin === server.url ? atEntra : browser.submit(atEntra, passwordOf(user));
}

function tokenCookies(browser: HttpBrowser): string[] {
  const names = [...(browser.cookies.get(server.url)?.keys() ?? [])];
  return names.filter((name) => /^mcp-login(-\d)?$/.test(name)).sort();
}

describe('/auth/login for a person with very many app roles', () => {
  it.each([
    [100, ['mcp-login', 'mcp-login-2']],
    [200, ['mcp-login', 'mcp-login-2', 'mcp-login-3']],
  ])('keeps the token of %i roles in several cookies, and signs out of all of them', async (count, names) => {
    assignRoles('alice', count);
    const browser = createHttpBrowser();
    const page = await signIn(browser, 'alice');
    expect([page.url.href, page.status]).toEqual([`${server.url}/auth/login`, 200]);
    expect(tokenCookies(browser)).toEqual(names);
    for (const value of browser.cookies.get(server.url)?.values() ?? []) {
      // What every browser takes, the longest name included.
      expect(value.length).toBeLessThan(4_096 - '__Host-mcp-login-3='.length);
    }
    const token = readShownToken(page);
    const { roles } = (await (await me(server.url, token)).json()) as { roles: string[] };
    expect(roles).toHaveLength(count);
    expect(readShownToken(await browser.open(`${server.url}/auth/login`))).toBe(token);

    expect((await browser.submit(page, {})).url.pathname).toBe('/');
    expect(tokenCookies(browser)).toEqual([]);
    advanceMs += 61_000;
    const refused = await me(server.url, token);
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'revoked_token' }),
    ]);
  });

  it('leaves nothing of a longer token behind when a shorter one follows', async () => {
    assignRoles('alice', 200);
    const browser = createHttpBrowser();
    await signIn(browser, 'alice');
    expect(tokenCookies(browser)).toHaveLength(3);
    // Its first part is gone, as when a browser makes room.
    browser.cookies.get(server.url)?.delete('mcp-login');
    assignRoles('alice', 1);
    const page = await signIn(browser, 'alice');
    expect(tokenCookies(browser)).toEqual(['mcp-login']);
    expect(readShownToken(await browser.open(`${server.url}/auth/login`))).toBe(readShownToken(page));
  });

  it('says so when no number of cookies would do, and keeps nothing', async () => {
    assignRoles('alice', 400);
    const browser = createHttpBrowser();
    const page = await signIn(browser, 'alice');
    expect([page.status, lastError(server.lines)]).toEqual([400, 'invalid_request']);
    expect(tokenCookies(browser)).toEqual([]);
  });
});
