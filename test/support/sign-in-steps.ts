import { users } from '../../dev/entra/directory.ts';
import type { HttpBrowser, Visit } from '../../dev/oauth-client/http-browser.ts';
import { createAuthorizationRequest, type RawClient } from '../../dev/oauth-client/raw-oauth.ts';

/** The code that an error page names in the log: of the last request that failed. */
export function lastError(lines: readonly Record<string, unknown>[]): unknown {
  return lines.findLast((line) => line.event === 'request')?.error;
}

/** Where the local Entra begins. */
export function entraOrigin(): string {
  return process.env.TEST_ENTRA_AUTHORITY ?? '';
}

/** The consent page for a new request of this client. */
export function openConsent(
  browser: HttpBrowser,
  base: string,
  client: RawClient,
  {
    changes,
    headers,
  }: { changes?: Record<string, string | undefined>; headers?: Record<string, string> } = {},
): Promise<Visit> {
  const { url } = createAuthorizationRequest(base, client, changes);
  return browser.open(url, { stop: entraOrigin(), ...(headers !== undefined && { headers }) });
}

/** Presses Allow. The URL at Entra that the browser is sent to, with the proxy's `state`. */
export async function pressAllow(
  browser: HttpBrowser,
  consentPage: Visit,
  fields: Record<string, string> = {},
): Promise<URL> {
  const { url, status } = await browser.submit(
    consentPage,
    { decision: 'allow', ...fields },
    { stop: 'http' },
  );
  if (!url.pathname.endsWith('/oauth2/v2.0/authorize')) throw new Error(`at ${url.href}: ${status}`);
  return url;
}

/** Signs in at Entra. The URL of the callback with what Entra says, which is not visited yet. */
export async function signInAtEntra(
  browser: HttpBrowser,
  base: string,
  url: URL,
  fields: Record<string, string> = {},
): Promise<URL> {
  const stop = `${base}/auth/callback`;
  const form = await browser.open(url, { stop });
  if (form.url.href.startsWith(stop)) return form.url;
  const { username, password } = users.alice;
  const { url: callback } = await browser.submit(form, { username, password, ...fields }, { stop });
  return callback;
}

/** Signs alice in on this server's own page, which then shows who she is. */
export async function signInAtPage(browser: HttpBrowser, base: string): Promise<Visit> {
  const headers = { 'Sec-Fetch-Site': 'same-origin' };
  const atEntra = await browser.open(`${base}/auth/login`, { headers });
  const { username, password } = users.alice;
  return browser.submit(atEntra, { username, password });
}

/** The token that the signed-in page of /auth/login shows. Throws where it shows none. */
export function readShownToken({ url, status, text }: Visit): string {
  const [, token] = /<code>(eyJ[\w.-]+)<\/code>/.exec(text) ?? [];
  if (token === undefined) throw new Error(`no token at ${url.href}: ${status} ${text}`);
  return token;
}
