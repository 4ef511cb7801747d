import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { clientAddress } from '../../src/http/client-address.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyIPv4, anyIPv6, anySpelling, spellIPv6 } from './addresses.ts';
import { headerText, textOf } from './arbitraries.ts';

const pieces = [
  '203.0.113.7',
  '2001:db8::1',
  '[',
  ']',
  ':80',
  ', ',
  ',',
  '::ffff:',
  '%eth0',
  'unknown',
  '_x',
  ' ',
];
const anyForwardedFor = fc.oneof(headerText, textOf(pieces, headerText));
const port = fc.oneof(
  fc.constant(''),
  fc.nat(65_535).map((number) => `:${number}`),
);

function read(forwardedFor: string, trustedProxies = 1): string {
  return clientAddress(new Headers({ 'X-Forwarded-For': forwardedFor }), trustedProxies);
}

/** The network of an address, told by its first four groups alone. */
function networkOf(groups: readonly number[]): string {
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Whether an IPv6 address is an IPv4 address in another dress. */
function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 6).join() === '0,0,0,0,0,65535';
}

describe('the address that a request is counted by', () => {
  it('is an IPv4 address, an IPv6 network or unknown, whatever the header says', () =>
    expectToHold(
      fc.property(anyForwardedFor, fc.nat(5), (header, trustedProxies) => {
        const address = read(header, trustedProxies);
        return (
          address === 'unknown' || isIPv4(address) || /^([\da-f]{1,4}:){3}[\da-f]{1,4}::\/64$/.test(address)
        );
      }),
    ));

  it('does not depend on what the client itself has sent', () =>
    expectToHold(
      fc.property(
        anyForwardedFor,
        anyIPv4,
        fc.array(anyIPv4, { maxLength: 4 }),
        port,
        (sent, real, behind, suffix) => {
          const appended = [`${real}${suffix}`, ...behind];
          return read([sent, ...appended].join(', '), appended.length) === real;
        },
      ),
    ));

  it('is the network of 64 bits, however its addresses are written', () =>
    expectToHold(
      fc.property(anyIPv6, anySpelling, port, (groups, spelling, suffix) => {
        if (isMapped(groups)) return true;
        const written = spellIPv6(groups, spelling);
        return read(suffix === '' ? written : `[${written}]${suffix}`) === networkOf(groups);
      }),
    ));

  it('is the IPv4 address where that is dressed as one of IPv6', () =>
    expectToHold(
      fc.property(anyIPv4, anySpelling, (address, spelling) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const groups = [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d];
        return read(spellIPv6(groups, spelling)) === address;
      }),
    ));

  it('is unknown where the header has fewer entries than there are proxies', () =>
    expectToHold(
      fc.property(fc.array(anyIPv4, { minLength: 1, maxLength: 4 }), (entries) =>
        [0, entries.length + 1].every((count) => read(entries.join(','), count) === 'unknown'),
      ),
    ));
});
