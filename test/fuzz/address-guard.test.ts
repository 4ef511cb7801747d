import { BlockList, isIP, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import {
  checkFetchUrl,
  isPublicAddress,
  resolvePublicAddresses,
  type Resolve,
} from '../../src/oauth/address-guard.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyIPv4, anyIPv6, anySpelling, spellIPv4Oddly, spellIPv6 } from './addresses.ts';
import { anyText, textOf } from './arbitraries.ts';

/**
 * What a server must not be sent to, by the registries of special-purpose addresses (RFC 6890 and its updates): a list of
 * the test's own, held by Node's matcher, while the guard has the tables of a library.
 */
const blocks = {
  ipv4: '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/29 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32',
  ipv6: '::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:2::/48 2001:10::/28 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8',
} as const;

/** One for each family: a list with mapped addresses in it would match every IPv4 address. */
function createBlockList(family: keyof typeof blocks): BlockList {
  const list = new BlockList();
  for (const block of blocks[family].split(' ')) {
    const [network = '', bits] = block.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
const forbidden = { ipv4: createBlockList('ipv4'), ipv6: createBlockList('ipv6') };

function isForbidden(address: string): boolean {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  return forbidden[family].check(address, family);
}

const written6 = fc.tuple(anyIPv6, anySpelling).map((pair) => spellIPv6(...pair));
/** Given out to networks of the public internet, and to be reached. */
const reachable4 = anyIPv4.map((address) => address.replace(/^\d+/, '20'));
const reachable6 = anyIPv6.map((groups) => [0x2a00, ...groups.slice(1)]);

describe('an address that the server may connect to', () => {
  it('is of no special block, whatever the block and however the address is written', () =>
    expectToHold(
      fc.property(
        fc.oneof(
          anyIPv4,
          fc.tuple(anyIPv6, anySpelling).map((pair) => spellIPv6(...pair)),
        ),
        (address) => {
          if (isIP(address) === 0) throw new Error(`the test itself: ${address}`);
          return !isPublicAddress(address) || !isForbidden(address);
        },
      ),
    ));

  it('is any that is given out', () =>
    expectToHold(
      fc.property(reachable4, reachable6, anySpelling, (four, six, spelling) =>
        [four, spellIPv6(six, spelling)].every(isPublicAddress),
      ),
    ));

  it('is written in its usual form: no number, octal, hexadecimal or short one', () =>
    expectToHold(
      fc.property(fc.oneof(anyIPv4, reachable4), fc.nat(99), (address, choice) => {
        const spelled = spellIPv4Oddly(address, choice);
        return spelled === address || !isPublicAddress(spelled);
      }),
    ));

  it('is an address', () =>
    expectToHold(
      fc.property(
        fc.oneof(anyText, textOf(['1', '::', ':', '.', 'ffff', '%', '255', '[', ']', '/8', '2a00'])),
        (text) => !isPublicAddress(text) || (isIP(text) !== 0 && !text.includes('%')),
      ),
    ));
});

/** What the guard says to a URL: the addresses to connect to, or undefined. */
async function guard(url: string, resolve: Resolve): Promise<readonly string[] | undefined> {
  if (checkFetchUrl(url) !== undefined) return undefined;
  return resolvePublicAddresses(new URL(url).hostname, resolve).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'client_metadata_unavailable') return undefined;
    throw error;
  });
}

const literalHost = fc.oneof(
  fc.tuple(fc.oneof(anyIPv4, reachable4), fc.nat(99)).map((pair) => spellIPv4Oddly(...pair)),
  written6.map((address) => `[${address}]`),
);

describe('a URL whose host is an address', () => {
  it('leads nowhere but to that address, and only where it is public; no resolver is asked', () =>
    expectToHold(
      fc.asyncProperty(literalHost, fc.constantFrom('', ':443', ':8443'), async (host, port) => {
        const url = `https://${host}${port}/client.json`;
        const asked: string[] = [];
        const addresses = await guard(url, (name) => {
          asked.push(name);
          return Promise.resolve(['20.1.1.1']);
        });
        if (addresses === undefined) return asked.length === 0;
        const meant = new URL(url).hostname.replace(/^\[|\]$/g, '');
        return asked.length === 0 && addresses.join() === meant && !isForbidden(meant);
      }),
    ));
});

describe('a URL whose host is a name', () => {
  it('leads to none of its addresses where one of them is not public', () =>
    expectToHold(
      fc.asyncProperty(
        fc.array(fc.oneof(anyIPv4, reachable4, written6), { maxLength: 4 }),
        async (answers) => {
          const addresses = await guard('https://client.example/c', () => Promise.resolve(answers));
          if (answers.length === 0 || answers.some(isForbidden)) return addresses === undefined;
          return addresses === undefined || addresses.join() === answers.join();
        },
      ),
    ));
});
