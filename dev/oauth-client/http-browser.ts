import { parseSetCookie } from 'set-cookie-parser';

/** Where a browser has come to. */
export interface Visit {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * As much of a browser as a sign-in needs, for what Chromium would be slow at or does not let one do: cookies by
 * origin, redirects followed one by one, forms posted. `Sec-Fetch-Site` is `none` unless told.
 */
export interface HttpBrowser {
  /** Follows redirects until one leads to an address that `stop` begins with, which is returned and not visited. */
  open(url: URL | string, options?: { stop?: string; headers?: Record<string, string> }): Promise<Visit>;
  /** Posts the only form of the page, with its hidden fields and these. */
  submit(
    page: Visit,
    fields: Record<string, string>,
    options?: { stop?: string; headers?: Record<string, string> },
  ): Promise<Visit>;
  /** By origin, name and value. */
  readonly cookies: Map<string, Map<string, string>>;
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

/** Names and values of a page's hidden fields. */
export function readHiddenFields(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => {
    const [, name = ''] = /name="([^"]*)"/.exec(tag) ?? [];
    const [, value = ''] = /value="([^"]*)"/.exec(tag) ?? [];
    return [name, unescapeHtml(value)] as const;
  });
  return Object.fromEntries(fields);
}

export function createHttpBrowser(): HttpBrowser {
  const cookies: HttpBrowser['cookies'] = new Map();

  function jarOf(url: URL): Map<string, string> {
    const jar = cookies.get(url.origin) ?? new Map<string, string>();
    cookies.set(url.origin, jar);
    return jar;
  }

  async function send(url: URL, init: RequestInit): Promise<Visit> {
    const jar = jarOf(url);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const { name, value, maxAge, expires } of parseSetCookie(response.headers.getSetCookie(), {
      decodeValues: false,
    })) {
      const isGone = maxAge === 0 || (expires !== undefined && expires.getTime() < Date.now());
      if (isGone) jar.delete(name);
      else jar.set(name, value);
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  async function follow(visit: Visit, stop: string | undefined, site: string): Promise<Visit> {
    const location = visit.headers.get('location');
    if (location === null || visit.status < 300 || visit.status > 399) return visit;
    const next = new URL(location, visit.url);
    if (stop !== undefined && next.href.startsWith(stop)) return { ...visit, url: next };
    return follow(await send(next, { headers: { 'Sec-Fetch-Site': site } }), stop, site);
  }

  return {
    cookies,
    async open(url, { stop, headers = {} } = {}) {
      const sent = { 'Sec-Fetch-Site': 'none', ...headers };
      return follow(await send(new URL(url), { headers: sent }), stop, sent['Sec-Fetch-Site']);
    },
    async submit(page, fields, { stop, headers = {} } = {}) {
      const [, action] = /<form[^>]*action="([^"]*)"/.exec(page.text) ?? [];
      const url = new URL(unescapeHtml(action ?? ''), page.url);
      const sent = { Origin: 'null', 'Sec-Fetch-Site': 'same-origin', ...headers };
      const body = new URLSearchParams({ ...readHiddenFields(page.text), ...fields });
      return follow(await send(url, { method: 'POST', headers: sent, body }), stop, 'cross-site');
    },
  };
}
