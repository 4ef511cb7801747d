import { createApp } from '../../src/app.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { readHiddenFields } from '../../dev/oauth-client/http-browser.ts';
import { createAuthorizationRequest, loopbackRedirect } from '../../dev/oauth-client/raw-oauth.ts';
import { createProxyEnvironment } from '../support/server.ts';

export const base = 'https://mcp.example.com';

/** The real app with its authorization server, in this process. */
export interface OAuthApp {
  send(path: string, init?: RequestInit): Promise<Response>;
  /** Log lines that tell of a failure; none is wanted. */
  readonly failures: readonly string[];
}

export async function createOAuthApp(): Promise<OAuthApp> {
  const environment = createProxyEnvironment({ PUBLIC_BASE_URL: base, OAUTH_CALLS_PER_MINUTE: '0' });
  await createTables(loadConfig(environment).tables).ensureTables();
  const failures: string[] = [];
  const sink = (level: string, line: string) => {
    // That a stranger names a document which cannot be had is told as a 503, and is no failure of this server.
    if (level === 'error' && !line.includes('"client_metadata_unavailable"')) failures.push(line);
  };
  // No name that anybody makes up is looked for.
  const { routes } = createApp(environment, { sink, network: { resolve: () => Promise.resolve([]) } });
  return {
    failures,
    send(path, init = {}) {
      const url = new URL(path, base);
      const route = routes.find((candidate) => candidate.path === url.pathname);
      if (route === undefined) throw new Error(`there is no ${url.pathname}`);
      return route.handle(new Request(url, init));
    },
  };
}

/** A client that has registered with this app. */
export async function registerClient({ send }: OAuthApp): Promise<string> {
  const response = await send('/auth/register', {
    method: 'POST',
    body: JSON.stringify({ redirect_uris: [loopbackRedirect] }),
    headers: { 'Content-Type': 'application/json' },
  });
  const { client_id: clientId } = (await response.json()) as { client_id?: string };
  if (clientId === undefined) throw new Error(`registration: ${response.status}`);
  return clientId;
}

/** A request that waits for a person’s decision, in the browser that is shown the page. */
export interface Pending {
  readonly request: string;
  readonly form: string;
  readonly cookie: string;
}

export async function openConsent(app: OAuthApp, clientId: string): Promise<Pending> {
  const { url } = createAuthorizationRequest(base, { clientId, redirectUri: loopbackRedirect });
  const { headers } = await app.send(url.pathname + url.search);
  const page = await app.send(headers.get('location') ?? '/');
  const { request = '', form = '' } = readHiddenFields(await page.text());
  const [line = ''] = page.headers.getSetCookie();
  const [cookie = ''] = line.split(';', 1);
  if (request === '' || cookie === '') throw new Error(`consent: ${page.status}`);
  return { request, form, cookie };
}
