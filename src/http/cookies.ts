import { parse, serialize } from 'hono/utils/cookie';

/** The cookies of one request and of its answer, by names without their prefix. */
export interface CookieJar {
  get(name: string): string | undefined;
  /** The names that came with the request and begin so. */
  list(beginning: string): readonly string[];
  /** @throws RangeError past 4,096 characters, which browsers would drop without a word */
  set(name: string, value: string, maxAgeSeconds: number): void;
  remove(name: string): void;
  /** The response with a Set-Cookie for everything that was set or removed. */
  addTo(response: Response): Response;
}

/** RFC 6265 section 6.1: what every browser takes, name and value together. */
const maxLength = 4_096;

/**
 * Opens the jar of a request. Every cookie is `__Host-` (RFC 6265bis section 4.1.3.2), so that no sibling host can set
 * or shadow it, and neither scripts nor other sites' forms have it. Plain http, which only a server of this machine
 * speaks, has no such cookies: there the name is plain.
 */
export function createCookies({ publicBaseUrl }: { readonly publicBaseUrl: string }) {
  const secure = new URL(publicBaseUrl).protocol === 'https:';
  const prefix = secure ? '__Host-' : '';
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const;

  return function openCookies(request: Request): CookieJar {
    const received = parse(request.headers.get('cookie') ?? '');
    const written = new Map<string, string>();
    return {
      get: (name) => received[prefix + name],
      list: (beginning) =>
        Object.keys(received)
          .filter((name) => name.startsWith(prefix + beginning))
          .map((name) => name.slice(prefix.length)),
      set(name, value, maxAgeSeconds) {
        const fullName = prefix + name;
        if (fullName.length + encodeURIComponent(value).length > maxLength) {
          throw new RangeError(`the cookie ${name} is longer than ${maxLength} characters`);
        }
        written.set(name, serialize(fullName, value, { ...attributes, maxAge: maxAgeSeconds }));
      },
      remove(name) {
        written.set(name, serialize(prefix + name, '', { ...attributes, maxAge: 0 }));
      },
      addTo(response) {
        const headers = new Headers(response.headers);
        for (const line of written.values()) headers.append('Set-Cookie', line);
        return new Response(response.body, { status: response.status, headers });
      },
    };
  };
}
