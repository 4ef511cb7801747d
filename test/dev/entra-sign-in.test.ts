import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { apps, tenants, users } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalEntra } from '../../dev/entra/server.ts';
import {
  apiScope,
  authorizeUrl,
  callback,
  createBrowser,
  follow,
  home,
  locationOf,
  redemption,
  requestToken,
  signIn,
} from './entra-client.ts';
import type { Parameters } from './entra-client.ts';

let entra: LocalEntra;
beforeAll(async () => {
  entra = await startLocalEntra({ port: 0 });
});
afterAll(() => entra.stop());

const url = (changes: Parameters = {}, tenant: string = home) =>
  authorizeUrl(entra.authority, changes, tenant);
const addressOf = (target: URL) => `${target.origin}${target.pathname}`;

describe('signing in', () => {
  it('shows an accessible form that loads nothing, and returns to the client with code and state alone', async () => {
    const browser = createBrowser();
    const { response } = await follow(browser, url());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+';/,
    );
    expect(response.headers.get('content-security-policy')).not.toContain('form-action');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const page = await response.text();
    expect(page).toContain('<html lang="en">');
    expect(page).toContain(apps.proxy.name);
    expect(page).toContain(users.alice.username);
    expect(page).toContain(users.bob.username);
    expect(page).not.toContain(users.carol.username);
    expect(page).not.toMatch(/<script|https?:/);

    const { target } = await signIn(browser, url(), users.bob);
    expect(addressOf(target)).toBe(callback);
    expect([...target.searchParams.keys()].sort()).toEqual(['code', 'state']);
    expect(target.searchParams.get('state')).toBe('the state');
  });

  it('asks nobody who is signed in already', async () => {
    const browser = createBrowser();
    await signIn(browser, url(), users.alice);
    for (const changes of [
      {},
      { prompt: 'none' },
      { prompt: 'consent' },
      { login_hint: users.alice.username },
    ]) {
      const { target } = await follow(browser, url(changes));
      expect(addressOf(target)).toBe(callback);
      expect(target.searchParams.get('code')).toEqual(expect.any(String));
    }
  });

  it.each([{ prompt: 'login' }, { prompt: 'select_account' }, { login_hint: users.bob.username }])(
    'asks again for %j and changes the account',
    async (changes) => {
      const browser = createBrowser();
      await signIn(browser, url(), users.alice);
      const { target } = await signIn(browser, url(changes), users.bob);
      const { body } = await requestToken(entra.authority, redemption(target.searchParams.get('code') ?? ''));
      expect(decodeJwt(String(body.access_token)).oid).toBe(users.bob.oid);
      const silent = await follow(browser, url({ prompt: 'none', login_hint: users.bob.username }));
      expect(silent.target.searchParams.get('code')).toEqual(expect.any(String));
    },
  );

  it('chooses the account of login_hint beforehand', async () => {
    const { response } = await follow(createBrowser(), url({ login_hint: users.bob.username }));
    expect(await response.text()).toContain(`value="${users.bob.username}" required checked`);
  });

  it('offers the accounts of all tenants at the shared endpoints, and asks again for the other tenant', async () => {
    const browser = createBrowser();
    const { target } = await signIn(browser, url({}, 'common'), users.carol);
    const form = redemption(target.searchParams.get('code') ?? '');
    const { body } = await requestToken(entra.authority, form, { tenant: 'organizations' });
    expect(decodeJwt(String(body.id_token))).toMatchObject({
      iss: `${entra.authority}/${tenants.fabrikam.id}/v2.0`,
      tid: tenants.fabrikam.id,
    });
    const { target: silent } = await follow(browser, url({ prompt: 'none' }));
    expect(silent.searchParams.get('error')).toBe('login_required');
  });

  it.each([
    ['a wrong password', users.alice.username, 'wrong', 'AADSTS50126'],
    ['an account of another tenant', users.carol.username, users.carol.password, 'AADSTS50020'],
  ])('shows the form again for %s', async (_what, username, password, code) => {
    const { response } = await signIn(createBrowser(), url(), { username, password });
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(new RegExp(`role="alert">${code}: `));
  });

  it('refuses an account that is disabled, and its session', async () => {
    const browser = createBrowser();
    await signIn(browser, url(), users.alice);
    const toggle = (enabled: boolean) =>
      fetch(`${entra.authority}/dev/users/${users.alice.username}`, {
        method: 'POST',
        body: JSON.stringify({ enabled }),
      });
    await toggle(false);
    const silent = await follow(browser, url({ prompt: 'none' }));
    expect(silent.target.searchParams.get('error')).toBe('login_required');
    const { response } = await signIn(createBrowser(), url(), users.alice);
    expect(await response.text()).toContain('AADSTS50057');
    await toggle(true);
  });

  it('tells the client when the person declines', async () => {
    const browser = createBrowser();
    const { response } = await follow(browser, url());
    const cancelled = await browser(response.url, { action: 'cancel' });
    const { target } = await follow(browser, locationOf(cancelled));
    expect(addressOf(target)).toBe(callback);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.stringMatching(/^AADSTS65004: /),
      error_uri: expect.any(String),
      state: 'the state',
    });
  });

  it('shows a page when the form belongs to another browser', async () => {
    const { username, password } = users.alice;
    const { response } = await follow(createBrowser(), url());
    const stranger = await createBrowser()(response.url, { username, password });
    expect(stranger.status).toBe(400);
    expect(await stranger.text()).toContain('AADSTS165000');
  });
});

describe('an authorization request', () => {
  it.each([
    ['an unknown redirect URI', { redirect_uri: 'https://evil.example/' }, 'AADSTS50011'],
    ['no redirect URI', { redirect_uri: '' }, 'AADSTS50011'],
    ['an unknown application', { client_id: users.bob.oid }, 'AADSTS700016'],
    ['no application', { client_id: '' }, 'AADSTS900144'],
  ])('with %s ends on a page, never in a redirect', async (_what, changes, code) => {
    const response = await createBrowser()(url(changes));
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain(`role="alert">${code}: `);
  });

  it('to an unknown tenant ends on a page', async () => {
    const response = await createBrowser()(url({}, 'nowhere.example'));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('AADSTS90002');
  });

  it.each([
    [{ resource: 'https://mcp.example/mcp' }, 'invalid_target', 9010010],
    [{ resource: apps.api.api.identifierUri }, 'invalid_request', 901002],
    [{ scope: 'offline_access' }, 'invalid_scope', 70011],
    [{ scope: 'access_as_user' }, 'invalid_client', 650053],
    [{ scope: 'api://nobody/read' }, 'invalid_resource', 500011],
    [{ scope: '' }, 'invalid_request', 900144],
    [{ prompt: 'none' }, 'login_required', 50058],
    [{ prompt: 'create' }, 'invalid_request', 90023],
    [{ response_type: 'token' }, 'unsupported_response_type', 70005],
    [{ response_mode: 'form_post' }, 'unsupported_response_mode', 70007],
    [{ code_challenge_method: 'plain' }, 'invalid_request', 9002313],
  ])('with %j is refused by redirect', async (changes, error, code) => {
    const response = await createBrowser()(url(changes));
    const target = locationOf(response);
    expect(addressOf(target)).toBe(callback);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      error,
      error_description: expect.stringMatching(new RegExp(`^AADSTS${code}: .+ Trace ID: `)),
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      state: 'the state',
    });
  });

  it('is answered in the fragment when it asks for that', async () => {
    const browser = createBrowser();
    const refused = locationOf(await browser(url({ response_mode: 'fragment', prompt: 'none' })));
    expect(refused.search).toBe('');
    const error = new URLSearchParams(refused.hash.slice(1));
    expect([error.get('error'), error.get('state'), error.get('iss')]).toEqual([
      'login_required',
      'the state',
      null,
    ]);

    const { target } = await signIn(browser, url({ response_mode: 'fragment' }), users.alice);
    expect([...new URLSearchParams(target.hash.slice(1)).keys()].sort()).toEqual(['code', 'state']);
  });

  it('may be posted as a form', async () => {
    const { origin, pathname, searchParams } = url({ prompt: 'none' });
    const browser = createBrowser();
    const refused = await browser(`${origin}${pathname}`, Object.fromEntries(searchParams));
    expect(locationOf(refused).searchParams.get('error')).toBe('login_required');
    const asked = await browser(`${origin}${pathname}`, Object.fromEntries(url().searchParams));
    expect(locationOf(asked).pathname).toMatch(new RegExp(`^/${home}/login/`));
    const json = await fetch(`${origin}${pathname}`, { method: 'POST', body: '{}' });
    expect([json.status, await json.text()]).toEqual([400, expect.stringContaining('AADSTS9002313')]);
  });

  it('may come from Visual Studio Code on a port of its own, and use no PKCE', async () => {
    const redirect_uri = 'http://127.0.0.1:40123/';
    const changes = {
      client_id: apps.vscode.id,
      redirect_uri,
      code_challenge: '',
      code_challenge_method: '',
    };
    const { target } = await signIn(createBrowser(), url(changes), users.alice);
    expect(addressOf(target)).toBe(redirect_uri);
    const { body } = await requestToken(entra.authority, {
      grant_type: 'authorization_code',
      client_id: apps.vscode.id,
      code: target.searchParams.get('code') ?? '',
      redirect_uri,
      scope: apiScope,
    });
    expect(decodeJwt(String(body.access_token))).toMatchObject({ azp: apps.vscode.id, azpacr: '0' });
  });
});

describe('signing out', () => {
  it('ends the session and returns to a registered address only', async () => {
    const browser = createBrowser();
    await signIn(browser, url(), users.alice);
    const logout = new URL(`${entra.authority}/${home}/oauth2/v2.0/logout`);
    logout.searchParams.set('post_logout_redirect_uri', callback);
    logout.searchParams.set('state', 'bye');
    expect(locationOf(await browser(logout)).href).toBe(`${callback}?state=bye`);
    const { target } = await follow(browser, url({ prompt: 'none' }));
    expect(target.searchParams.get('error')).toBe('login_required');

    logout.searchParams.set('post_logout_redirect_uri', 'https://evil.example/');
    const stays = await browser(logout);
    expect([stays.status, stays.headers.get('location')]).toEqual([200, null]);
  });
});
