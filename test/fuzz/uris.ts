import fc, { type Arbitrary } from 'fast-check';
import { anyText, textOf } from './arbitraries.ts';

const schemes = [
  'javascript',
  'JavaScript',
  'data',
  'file',
  'vbscript',
  'HTTP',
  'ftp',
  'view-source',
  'blob',
];
const separators = [':', ':/', ':///', ':\\\\', '://\t', ':\n//'];
const users = ['user@', 'localhost:80@', 'user:secret@', '%40', '@', 'claude.ai%2f@', 'claude.ai\\@'];
const hosts = [
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost.',
  'a.localhost',
  'LOCALHOST',
  'lοcalhost',
  'ⓛocalhost',
  '127.1',
  '127.0.0.2',
  '0x7f.1',
  '2130706433',
  '0177.0.0.1',
  '[::ffff:127.0.0.1]',
  '[0:0:0:0:0:0:0:1]',
  '[fe80::1%25eth0]',
  '%6cocalhost',
  'claude.ai。evil.example',
  'claude.ai%00.evil.example',
  'claude.ai;evil.example',
  '',
];
const ports = [':0', ':65536', ':', ':080', ':80:80', ':80@evil.example', ':443'];
const paths = [
  '/../x',
  '/%2e%2e/x',
  '/a/..;/b',
  '/a%5c..%5cb',
  '\\x',
  '//evil.example',
  '/\u0000',
  '/.',
  '/...',
];
const ends = ['#f', '#', '?x=/../', '?redirect=https://evil.example', '?\r\nSet-Cookie: a=b'];

/** Mostly what is usual, so that an odd piece stands alone often enough to be what decides. */
function mostly(usual: readonly string[], odd: readonly string[]): Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

const assembled = fc
  .tuple(
    mostly(['https', 'http', 'https', 'http', 'cursor'], schemes),
    mostly(['://'], separators),
    mostly([''], users),
    mostly(['claude.ai', 'evil.example', 'localhost', '127.0.0.1', '[::1]', 'a.b.example'], hosts),
    mostly(['', ':8787'], ports),
    mostly(['', '/', '/cb', '/a/b'], paths),
    mostly(['', '?x=1'], ends),
  )
  .map((parts) => parts.join(''));

const spliced = fc
  .tuple(assembled, fc.nat(), fc.constantFrom(...Array.from('\t\n \\@/#%.:?;\u00ad\ufeff\uff0f\u3002')))
  .map(([uri, at, piece]) => {
    const position = at % (uri.length + 1);
    return uri.slice(0, position) + piece + uri.slice(position);
  });

/** Endings that could make another host of a URI's beginning. */
export const uriEnding = textOf([...users, ...hosts, ...ports, ...paths, ...ends, '.evil.example'], anyText);

/** URIs as clients have them, as attackers write them, and texts that are none. */
export const anyUri = fc.oneof(
  { weight: 6, arbitrary: assembled },
  { weight: 3, arbitrary: spliced },
  { weight: 1, arbitrary: textOf([...schemes, ...separators, ...hosts, ...paths]) },
  { weight: 1, arbitrary: anyText },
);
