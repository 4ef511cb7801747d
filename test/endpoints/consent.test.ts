import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import {
  createHttpBrowser,
  readHiddenFields,
  type HttpBrowser,
  type Visit,
} from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  registerClient,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createProxyEnvironment, type TestServer } from '../support/server.ts';
import { entraOrigin, lastError, openConsent, pressAllow } from '../support/sign-in-steps.ts';

let server: TestServer;
let client: RawClient;
beforeAll(async () => {
  server = await startProxyServer();
  client = await registerClient(server.url);
});
afterAll(() => server.stop());

function cookieNames(browser: HttpBrowser): string[] {
  return [...(browser.cookies.get(server.url)?.keys() ?? [])];
}

function readPolicy({ headers }: Visit): string {
  const policy = headers.get('content-security-policy') ?? '';
  return /form-action ([^;]*)/.exec(policy)?.[1] ?? '';
}

async function openFor(redirectUri: string, metadata: object = {}): Promise<Visit> {
  const registered = await registerClient(server.url, { redirect_uris: [redirectUri], ...metadata });
  return openConsent(createHttpBrowser(), server.url, registered);
}

describe('the consent page', () => {
  it('names the client, where it sends the person, what it may do and whose server it is', async () => {
    const { text, status } = await openFor('https://agent.example.com/callback', { client_name: 'My agent' });
    expect(status).toBe(200);
    expect(text).toContain('<h1>Allow <bdi>My agent</bdi> to use Entra MCP server?</h1>');
    expect(text).toContain('<strong>Nobody vouches for it.</strong>');
    expect(text).toContain('<dd><strong>agent.example.com</strong></dd>');
    expect(text).toContain('<code>access_as_user</code>');
    expect(text).toContain(`Entra MCP server at ${new URL(server.url).host}`);
    expect(text).not.toContain('class="warning"');
  });

  it.each([
    ['http://127.0.0.1:5000/callback', '127.0.0.1:5000'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor'],
  ])('warns where the answer goes to this device: %s', async (redirectUri, shown) => {
    const { text } = await openFor(redirectUri);
    expect(text).toContain(`<strong>An application on this device</strong> (<code>${shown}</code>)`);
    expect(text).toContain('Any program on this device could be asking.');
  });

  it('S13: may not be framed, stored or scripted, and tells nobody where people come from', async () => {
    const { headers, text } = await openFor('https://agent.example.com/callback');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action [^;]+; frame-ancestors 'none'$/,
    );
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(text).not.toMatch(/<script|\son\w+=|<link|<img/);
  });

  it.each([
    ['https://agent.example.com/callback', 'https://agent.example.com'],
    ['http://localhost:8787/callback', 'http://localhost:8787'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:33418'],
    ['http://[::1]:5000/cb', 'http:'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor:'],
  ])('S13: lets its form lead to Entra and on to %s', async (redirectUri, source) => {
    expect(readPolicy(await openFor(redirectUri))).toBe(`'self' https: ${entraOrigin()} ${source}`);
  });

  it('S14: shows a name with markup in it as text', async () => {
    const { text } = await openFor('https://agent.example.com/cb', {
      client_name: '<script>alert(1)</script>"><img src=x onerror=alert(1)>',
    });
    expect(text).toContain('<bdi>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x');
    expect(text).not.toMatch(/<script|<img/);
  });

  it('S14: shows nothing invisible of a name, and nothing that turns the text around', async () => {
    const { text } = await openFor('https://agent.example.com/cb', {
      client_name: '\u202eevil\u200b\u2066 app',
    });
    expect(text).toContain('<bdi>evil app</bdi>');
  });

  it.each(['?request=unknown', '', '?request=', `?request=${'x'.repeat(3_000)}`])(
    'says that a request has ended which is not there: %.20s',
    async (query) => {
      const response = await fetch(`${server.url}/auth/consent${query}`);
      expect(response.status).toBe(400);
      expect(lastError(server.lines)).toBe('sign_in_expired');
      expect(response.headers.getSetCookie()).toEqual([]);
    },
  );
});

describe('the decision', () => {
  it('S9: is what makes the sign-in: nothing of it exists before Allow is pressed', async () => {
    const browser = createHttpBrowser();
    const page = await openConsent(browser, server.url, client);
    await openConsent(browser, server.url, client);
    expect(cookieNames(browser)).toEqual(['mcp-browser']);
    await pressAllow(browser, page);
    expect(cookieNames(browser)).toEqual(['mcp-browser', expect.stringMatching(/^mcp-sign-in-[\da-f]{16}$/)]);
  });

  it('S6: to deny goes back to the client with access_denied and the issuer, and ends the request', async () => {
    const browser = createHttpBrowser();
    const { url, state } = createAuthorizationRequest(server.url, client);
    const page = await browser.open(url);
    const stop = client.redirectUri;
    const back = (await browser.submit(page, { decision: 'deny' }, { stop })).url;
    expect(back.href.startsWith(stop)).toBe(true);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The person denied the request.',
      state,
      iss: server.url,
    });
    expect(cookieNames(browser)).toEqual(['mcp-browser']);
    const again = await browser.submit(page, { decision: 'allow' }, { stop: entraOrigin() });
    expect([again.status, lastError(server.lines)]).toEqual([400, 'sign_in_expired']);
  });

  it('S11: can be sent from either of two open pages of one request', async () => {
    const browser = createHttpBrowser();
    const first = await openConsent(browser, server.url, client);
    const second = await browser.open(first.url);
    for (const page of [first, second]) {
      expect((await pressAllow(browser, page)).searchParams.get('state')).toMatch(/^[\w-]{43}$/);
    }
  });

  it('S11: can be sent from either of two pages that ask for different clients', async () => {
    const browser = createHttpBrowser();
    const first = await openConsent(browser, server.url, client);
    const second = await openConsent(browser, server.url, await registerClient(server.url));
    for (const page of [first, second]) await pressAllow(browser, page);
  });

  it('needs to be one of the two', async () => {
    const browser = createHttpBrowser();
    const page = await openConsent(browser, server.url, client);
    const visit = await browser.submit(page, { decision: 'maybe' });
    expect([visit.status, lastError(server.lines)]).toEqual([400, 'invalid_request']);
  });
});

type Fields = Record<string, string>;

/** Posts the form by hand. */
function post(fields: Fields, cookies: Fields, headers: Fields = {}): Promise<Response> {
  const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  return fetch(`${server.url}/auth/consent`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ decision: 'allow', ...fields }),
    headers: { Cookie: cookie.join('; '), 'Sec-Fetch-Site': 'same-origin', Origin: 'null', ...headers },
  });
}

async function prepare(): Promise<{ fields: Fields; cookies: Fields }> {
  const browser = createHttpBrowser();
  const page = await openConsent(browser, server.url, client);
  const cookies = Object.fromEntries(browser.cookies.get(server.url) ?? []);
  return { fields: readHiddenFields(page.text), cookies };
}

describe('a form that is not ours', () => {
  const forgeries: [string, (ours: Awaited<ReturnType<typeof prepare>>) => Promise<Response>][] = [
    ['without the field', ({ fields, cookies }) => post({ request: fields.request ?? '' }, cookies)],
    ['without the cookie', ({ fields }) => post(fields, {})],
    ['without both', ({ fields }) => post({ request: fields.request ?? '' }, {})],
    [
      'with the field of another request',
      async ({ fields, cookies }) => {
        const browser = createHttpBrowser();
        browser.cookies.set(server.url, new Map(Object.entries(cookies)));
        const other = readHiddenFields((await openConsent(browser, server.url, client)).text);
        return post({ ...fields, form: other.form ?? '' }, cookies);
      },
    ],
    [
      'with the field of another browser',
      async ({ fields, cookies }) => post({ ...fields, form: (await prepare()).fields.form ?? '' }, cookies),
    ],
    ['with the cookie of another browser', async ({ fields }) => post(fields, (await prepare()).cookies)],
    [
      'with a cookie that was tampered with',
      ({ fields, cookies }) => post(fields, { 'mcp-browser': `A${(cookies['mcp-browser'] ?? '').slice(1)}` }),
    ],
    ['from another site', ({ fields, cookies }) => post(fields, cookies, { 'Sec-Fetch-Site': 'cross-site' })],
    [
      'from a sibling host',
      ({ fields, cookies }) => post(fields, cookies, { 'Sec-Fetch-Site': 'same-site' }),
    ],
  ];

  it.each(forgeries)('S11: gets 403, and the request waits on: %s', async (_case, forge) => {
    const ours = await prepare();
    const response = await forge(ours);
    expect([response.status, lastError(server.lines)]).toEqual([403, 'form_not_ours']);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.getSetCookie()).toEqual([]);
    expect((await post(ours.fields, ours.cookies)).status).toBe(303);
  });

  it('S11: gets 403 when it names two requests, and decides neither', async () => {
    const [ours, other] = [await prepare(), await prepare()];
    const cookie = Object.entries(ours.cookies).map(([name, value]) => `${name}=${value}`);
    for (const [first, last] of [
      [ours, other],
      [other, ours],
    ] as const) {
      const body = new URLSearchParams({ decision: 'deny', form: first.fields.form ?? '' });
      for (const { fields } of [first, last]) body.append('request', fields.request ?? '');
      const headers = { Cookie: cookie.join('; '), 'Sec-Fetch-Site': 'same-origin', Origin: 'null' };
      const init = { method: 'POST', redirect: 'manual', body, headers } as const;
      const response = await fetch(`${server.url}/auth/consent`, init);
      expect([response.status, lastError(server.lines)]).toEqual([403, 'form_not_ours']);
      expect(response.headers.get('location')).toBeNull();
    }
    for (const { fields, cookies } of [ours, other]) expect((await post(fields, cookies)).status).toBe(303);
  });

  it.each(['decision', 'form', 'request', 'remember'])(
    'S11: gets 403 when %s comes twice, and the request waits on',
    async (name) => {
      const { fields, cookies } = await prepare();
      const body = new URLSearchParams({ ...fields, decision: 'allow', remember: 'on' });
      body.append(name, body.get(name) ?? '');
      const cookie = Object.entries(cookies).map(([key, value]) => `${key}=${value}`);
      const headers = { Cookie: cookie.join('; '), 'Sec-Fetch-Site': 'same-origin', Origin: 'null' };
      const init = { method: 'POST', redirect: 'manual', body, headers } as const;
      const response = await fetch(`${server.url}/auth/consent`, init);
      expect([response.status, lastError(server.lines)]).toEqual([403, 'form_not_ours']);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect((await post(fields, cookies)).status).toBe(303);
    },
  );

  it('S11: gets 403 from the guard when a page of another origin posts it', async () => {
    const { fields, cookies } = await prepare();
    const response = await post(fields, cookies, { Origin: 'https://evil.example' });
    expect([response.status, lastError(server.lines)]).toEqual([403, 'origin_not_allowed']);
  });
});

describe('cookies of a server that is reached by https', () => {
  it('S10: are __Host-, Secure, HttpOnly, SameSite=Lax and signed, and at most five sign-ins are under way', async () => {
    const base = 'https://mcp.example.com';
    const environment = createProxyEnvironment({ PUBLIC_BASE_URL: base });
    await createTables(loadConfig(environment).tables).ensureTables();
    const { routes } = createApp(environment, { sink: () => undefined });
    const jar = new Map<string, string>();
    const lines: string[] = [];
    const send = async (url: URL, init: RequestInit = {}) => {
      const route = routes.find(({ path }) => path === url.pathname);
      const headers = new Headers(init.headers);
      headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await route?.handle(new Request(url, { ...init, headers }));
      for (const line of response?.headers.getSetCookie() ?? []) {
        const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
        lines.push(line);
        if (line.includes('Max-Age=0')) jar.delete(name);
        else jar.set(name, value);
      }
      return response ?? Response.error();
    };
    const register = await send(new URL('/auth/register', base), {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [client.redirectUri] }),
      headers: { 'Content-Type': 'application/json' },
    });
    const { client_id: clientId } = (await register.json()) as { client_id: string };
    for (let round = 0; round < 8; round += 1) {
      const { url } = createAuthorizationRequest(base, { ...client, clientId });
      const consent = new URL((await send(url)).headers.get('location') ?? '', base);
      const page = await (await send(consent)).text();
      const body = new URLSearchParams({ ...readHiddenFields(page), decision: 'allow' });
      expect((await send(consent, { method: 'POST', body })).status).toBe(303);
    }
    for (const line of lines) {
      expect(line).toMatch(/^__Host-mcp-[\w-]+=[^;]*; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      expect(line.length).toBeLessThan(512);
    }
    const names = [...jar.keys()];
    expect(names.filter((name) => name.startsWith('__Host-mcp-sign-in-'))).toHaveLength(5);
    expect(names).toHaveLength(6);
    for (const value of jar.values()) expect(value).toMatch(/^[\w-]+\.[\w-]{11}\.[\w-]{43}$/);
  });
});
