import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { checkFetchUrl } from '../../src/oauth/address-guard.ts';
import { checkRedirectUri, isAllowedRedirect } from '../../src/oauth/redirect-uris.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyUri, uriEnding } from './uris.ts';

const native = { applicationType: 'native', allowed: [] } as const;

const loopback = ['localhost', '127.0.0.1', '[::1]'];
/** Schemes that a browser runs, shows or opens by itself. */
const ownedByBrowsers: readonly string[] = [
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
  'view-source:',
  'ftp:',
  'ws:',
  'wss:',
];

/** Where a browser would go: by the parser that browsers have. */
function leadsSomewhereSafe(uri: string): boolean {
  const url = new URL(uri);
  if (url.username + url.password + url.hash !== '' || uri.includes('#')) return false;
  if (url.protocol === 'http:') return loopback.includes(url.hostname);
  if (url.protocol === 'https:')
    return !loopback.includes(url.hostname) && !/^127\.|(^|\.)localhost\.?$/.test(url.hostname);
  return !ownedByBrowsers.includes(url.protocol);
}

/** What a reader finds who takes a URI apart by hand: the host ends at the first `/`, `?` or `#`, the path at the first `?`. */
function takeApart(uri: string): { readonly host: string; readonly path: string } {
  const afterScheme = uri.slice(uri.indexOf('://') + 3);
  const [authority = ''] = afterScheme.split(/[/?#]/, 1);
  const [path = ''] = afterScheme.slice(authority.length).split('?', 1);
  return { host: authority.slice(authority.lastIndexOf('@') + 1).toLowerCase(), path };
}

/** Whether a browser and the reader find the same. The port that a scheme has anyway may be written or not. */
function readsAlike(uri: string): boolean {
  const { protocol, host, pathname } = new URL(uri);
  const byHand = takeApart(uri);
  const usualPort = protocol === 'http:' ? 80 : 443;
  return [host, `${host}:${usualPort}`].includes(byHand.host) && pathname === (byHand.path || '/');
}

describe('a redirect URI that is taken', () => {
  it('leads to loopback, to another host by https, or to an application', () =>
    expectToHold(
      fc.property(anyUri, (uri) => checkRedirectUri(uri, native) !== undefined || leadsSomewhereSafe(uri)),
    ));

  it('has the same host and path for a browser and for a reader who takes it apart by hand', () =>
    expectToHold(
      fc.property(
        anyUri,
        (uri) => checkRedirectUri(uri, native) !== undefined || !/^https?:/i.test(uri) || readsAlike(uri),
      ),
    ));

  it('can stand in a header and in a page: nothing in it ends either', () =>
    expectToHold(
      fc.property(
        anyUri,
        (uri) =>
          checkRedirectUri(uri, native) !== undefined || /^[\x21\x23-\x3b\x3d\x3f-\x7e]{1,2000}$/.test(uri),
      ),
    ));
});

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const path = fc.stringMatching(/^(\/[A-Za-z0-9_~-]{1,8}){0,4}$/);
const port = fc.integer({ min: 1, max: 65_535 });

describe('a redirect URI as clients have them', () => {
  it('is taken: https, loopback with any port, or a scheme of the application', () =>
    expectToHold(
      fc.property(label, path, port, fc.constantFrom(...loopback), (name, tail, number, local) =>
        [
          `https://${name}.example:${number}${tail}`,
          `http://${local}:${number}${tail}`,
          `com.${name}.app://callback${tail}`,
        ].every((uri) => checkRedirectUri(uri, native) === undefined),
      ),
    ));
});

describe('the operator’s list', () => {
  const patterns = [
    'https://claude.ai/api/*',
    'https://vscode.dev/redirect',
    'http://localhost/*',
    'cursor://anysphere.cursor-mcp/*',
  ];
  const listed = ['https://claude.ai', 'https://vscode.dev', 'cursor://anysphere.cursor-mcp'];
  const nearby = fc
    .tuple(fc.constantFrom(...patterns.map((pattern) => pattern.replace('*', ''))), uriEnding)
    .map((parts) => parts.join(''));

  it('lets nobody be sent to a host that is not on it', () =>
    expectToHold(
      fc.property(fc.oneof(nearby, anyUri), (uri) => {
        if (checkRedirectUri(uri, { applicationType: 'native', allowed: patterns }) !== undefined)
          return true;
        const { protocol, host, hostname } = new URL(uri);
        const isLocal = protocol === 'http:' && hostname === 'localhost';
        return isLocal || listed.includes(`${protocol}//${host}`);
      }),
    ));

  it('lets the port vary on loopback and nothing else', () =>
    expectToHold(
      fc.property(
        label,
        path,
        port,
        port,
        fc.constantFrom(...loopback),
        (name, tail, first, second, local) =>
          isAllowedRedirect(`http://${local}:${first}${tail}`, [`http://${local}:${second}${tail}`]) &&
          (first === second ||
            !isAllowedRedirect(`https://${name}.example:${first}${tail}`, [
              `https://${name}.example:${second}${tail}`,
            ])) &&
          !isAllowedRedirect(`http://${local}:${first}${tail}/${name}`, [`http://${local}:${first}${tail}`]),
      ),
    ));
});

describe('a URL that the server fetches', () => {
  it('is https with a path, a host that is where it seems to be, and no user', () =>
    expectToHold(
      fc.property(anyUri, (uri) => {
        if (checkFetchUrl(uri) !== undefined) return true;
        const url = new URL(uri);
        const isBare = url.username + url.password + url.hash === '';
        return url.protocol === 'https:' && isBare && url.pathname.length > 1 && readsAlike(uri);
      }),
    ));
});
