import { isLoopback } from '../loopback.ts';

export type ApplicationType = 'native' | 'web';

const maxLength = 2_000;

/** Schemes that a browser, or the system behind it, does something with other than handing over to one application. */
const refusedSchemes: ReadonlySet<string> = new Set([
  'about:',
  'android-app:',
  'blob:',
  'chrome:',
  'data:',
  'feed:',
  'file:',
  'filesystem:',
  'ftp:',
  'intent:',
  'jar:',
  'javascript:',
  'ldap:',
  'mailto:',
  'mhtml:',
  'res:',
  'resource:',
  'search-ms:',
  'shell:',
  'sms:',
  'smb:',
  'ssh:',
  'tel:',
  'urn:',
  'vbscript:',
  'view-source:',
  'ws:',
  'wss:',
]);

/** Families of such schemes: Windows' own handlers, browsers' pages, scripts under other names. */
const refusedFamilies = /^(ms-|chrome-|edge|devtools|moz-|x-javascript|livescript|.*-extension:)/;

/** What RFC 3986 lets a URI consist of. URL parsers drop, replace or encode the rest, each in its own way. */
const uriCharacters = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;

/** Letters, digits, dots and hyphens, or an IPv6 address: what is shown to people and stands in a policy. */
const hostCharacters = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/;

/** Scheme, authority and path, as they are written (RFC 3986 appendix B). */
const uriParts = /^([A-Za-z][A-Za-z0-9+.-]*:)(?:\/\/([^/?#]*))?([^?#]*)/;

/** A segment `.` or `..`, also one that only shows when `%2e`, `%2f` or `%5c` is decoded or a parameter is cut off. */
const dotSegment = /(^|[/\\])\.{1,2}([/\\;]|$)/;

function hasDotSegment(path: string): boolean {
  const decoded = path.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  return dotSegment.test(decoded);
}

/** Whether a host is this machine under any name that browsers know it by. */
function namesThisMachine(url: URL): boolean {
  const hostname = url.hostname.replace(/\.$/, '');
  return isLoopback(url) || hostname.startsWith('127.') || /(^|\.)localhost$/.test(hostname);
}

/**
 * What is wrong with how a URI is written, whatever it leads to: undefined, or a reason in words that repeat nothing
 * of it. A URI that passes reads the same to every parser: its host is where it seems to be, and its path stays as it is.
 */
export function checkUriSyntax(uri: string): string | undefined {
  if (uri.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!uriCharacters.test(uri)) return 'has characters that no URI has';
  if (uri.includes('#')) return 'has a fragment';
  const [, scheme, authority, path] = uriParts.exec(uri) ?? [];
  const url = URL.parse(uri);
  if (scheme === undefined || path === undefined || url === null) return 'is not an absolute URI';
  if (authority?.includes('@')) return 'has a user';
  if (hasDotSegment(path)) return 'has dot segments';
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  const [, host, port] = /^(\[[^\]]*\]|[^:]+)(?::(\d+))?$/.exec(authority ?? '') ?? [];
  // Numbers that are read as an IPv4 address, other spellings of an IPv6 address, percent-encoded letters.
  if (host?.toLowerCase() !== url.hostname || !hostCharacters.test(url.hostname))
    return 'does not name its host the usual way';
  return port !== undefined && /^0\d/.test(port) ? 'does not name its port the usual way' : undefined;
}

/**
 * Why nobody may be sent to a redirect URI, or undefined. Safe is https; http on `localhost`, `127.0.0.1` or `[::1]`;
 * a scheme of an application's own. An application of type `web` has https only, on other machines than the person's
 * (OpenID Connect Dynamic Client Registration 1.0 section 2, RFC 8252 section 7).
 */
export function checkSafeRedirect(uri: string): string | undefined {
  const fault = checkUriSyntax(uri);
  if (fault !== undefined) return fault;
  const url = new URL(uri);
  if (url.protocol === 'http:') return isLoopback(url) ? undefined : 'is http, but not on a loopback address';
  // On loopback, https is no better than http, and oidc-provider refuses it for native applications.
  if (url.protocol === 'https:') return namesThisMachine(url) ? 'is https on a loopback address' : undefined;
  if (refusedSchemes.has(url.protocol) || refusedFamilies.test(url.protocol))
    return 'has a scheme that no application can own';
  return url.href.length === url.protocol.length ? 'is a scheme and nothing else' : undefined;
}

function withoutLoopbackPort(uri: string): string {
  const url = URL.parse(uri);
  return url?.protocol === 'http:' && isLoopback(url)
    ? uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^[:/?]+)):\d*/i, '$1')
    : uri;
}

function matchesPattern(uri: string, pattern: string): boolean {
  const [asked, offered] = [withoutLoopbackPort(uri), withoutLoopbackPort(pattern)];
  if (!offered.endsWith('*')) return asked === offered;
  const start = offered.slice(0, -1);
  // The host ends before the `*`, or the ending could name another.
  if (!/^[^:/?#]+:(\/\/[^/?#]+)?\/(?!\/)/.test(start) || !asked.startsWith(start)) return false;
  return URL.parse(asked)?.host === URL.parse(start)?.host;
}

/**
 * Whether the operator lets clients be sent to a safe redirect URI (OAUTH_ALLOWED_REDIRECT_URIS): one of the patterns is
 * equal to it, the port on loopback aside, or ends in `*` and is its beginning up to there, host included. No patterns:
 * every one.
 */
export function isAllowedRedirect(uri: string, allowed: readonly string[]): boolean {
  return allowed.length === 0 || allowed.some((pattern) => matchesPattern(uri, pattern));
}

/** Why a client of this type may not have a redirect URI, or undefined: not safe, not for its type, not allowed here. */
export function checkRedirectUri(
  uri: string,
  { applicationType, allowed }: { applicationType: ApplicationType; allowed: readonly string[] },
): string | undefined {
  const fault = checkSafeRedirect(uri);
  if (fault !== undefined) return fault;
  if (applicationType === 'web' && !uri.toLowerCase().startsWith('https:')) {
    return 'is not https, as those of a web application are';
  }
  return isAllowedRedirect(uri, allowed) ? undefined : 'is none of OAUTH_ALLOWED_REDIRECT_URIS';
}
