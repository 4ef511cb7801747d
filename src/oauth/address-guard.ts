import { lookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../errors.ts';
import { checkUriSyntax } from './redirect-uris.ts';

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** A TCP connection to one of these addresses, and to none else. */
export type Connect = (addresses: readonly string[], port: number) => Socket;

/** How long one address may take to accept before the next is tried as well, milliseconds. */
const attemptMs = 2_000;

/** Public by their range, but answered by Azure's own fabric on every virtual machine. */
const platformAddresses = ['168.63.129.16'];

/** What the internet registries give out (RFC 4291 section 2.4); every other block is special or has an IPv4 address in it. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one of the public internet, by the registries of special-purpose addresses (RFC 6890): not
 * loopback, private, link-local, unique-local, shared, multicast, reserved, for documentation or benchmarks, and no IPv6
 * form that has an IPv4 address in it (mapped, compatible, NAT64, 6to4, Teredo), whichever that is: one that is public
 * has an address of its own. Anything but a plain address in its usual form is not public either.
 */
export function isPublicAddress(address: string): boolean {
  // ipaddr.js also reads `0x7f.1` and zone ids; a resolver gives neither.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' ? !platformAddresses.includes(address) : parsed.match(globalUnicast);
}

/**
 * Why the server does not fetch a URL that a client chose, or undefined: https with a path of its own, without user,
 * fragment and dot segments, and a host that every parser reads alike. Any port, as the draft of metadata documents
 * allows: nothing is said on a connection before its certificate was found to be the host's.
 */
export function checkFetchUrl(url: string): string | undefined {
  const fault = checkUriSyntax(url);
  if (fault !== undefined) return fault;
  if (!url.startsWith('https://')) return 'is not https';
  return new URL(url).pathname === '/' ? 'has no path' : undefined;
}

/**
 * The addresses of a host, all of them public. One that is not refuses all: a name that answers with both is made to slip
 * through. What was checked is what has to be connected to; the name may answer otherwise a moment later.
 * @throws AppError `client_metadata_unavailable`
 */
export async function resolvePublicAddresses(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  let addresses: readonly string[];
  try {
    addresses = isIP(literal) === 0 ? await resolve(hostname) : [literal];
  } catch (cause) {
    throw new AppError('client_metadata_unavailable', { detail: 'the host name does not resolve', cause });
  }
  if (addresses.length === 0) {
    throw new AppError('client_metadata_unavailable', { detail: 'the host name has no address' });
  }
  if (!addresses.every(isPublicAddress)) {
    throw new AppError('client_metadata_unavailable', {
      detail: 'the host has an address that is not public',
    });
  }
  return addresses;
}

/** By the system's resolver. */
export async function resolveName(hostname: string): Promise<readonly string[]> {
  const answers = await lookup(hostname, { all: true, order: 'ipv4first' });
  return answers.map(({ address }) => address);
}

/** To the first of the addresses that accepts, asking no resolver. */
export function connectTo(addresses: readonly string[], port: number): Socket {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  const pinned: LookupFunction = (_hostname, options, callback) => {
    const [first] = answers;
    if (options.all === true) callback(null, answers);
    else callback(null, first?.address ?? '', first?.family);
  };
  return connect({
    host: 'pinned.invalid',
    port,
    lookup: pinned,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptMs,
  });
}
