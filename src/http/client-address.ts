import { isIP, isIPv4 } from 'node:net';

const unknown = 'unknown';

/** Without the port that Azure's front ends add: `1.2.3.4:5`, `[::1]:5`, `[::1]`. */
function stripPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^([^:]*):\d+$/.exec(entry)?.[1] ?? entry;
}

/** The eight groups of an IPv6 address; undefined for one with a zone, which means nothing on another machine. */
function expandIPv6(address: string): string[] | undefined {
  const url = URL.parse(`http://[${address}]`);
  if (url === null) return undefined;
  // The parser writes an embedded IPv4 address as groups, and the longest run of zeros as `::`.
  const [head = '', tail] = url.hostname.slice(1, -1).split('::');
  const split = (part: string) => part.split(':').filter((group) => group !== '');
  const [before, after] = [split(head), split(tail ?? '')];
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}

function toIPv4(high: string, low: string): string {
  return [high, low]
    .map((group) => parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 255])
    .join('.');
}

/** The network that one subscriber has: `/64` of IPv6, where he may take any address that he likes. */
function reduceIPv6(address: string): string {
  const groups = expandIPv6(address);
  if (groups === undefined) return unknown;
  const [a, b, c, d, e, f, high = '0', low = '0'] = groups;
  if ([a, b, c, d, e].every((group) => group === '0') && f === 'ffff') return toIPv4(high, low);
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * Who a request comes from, to count it by: the entry of X-Forwarded-For that the outermost of the trusted proxies
 * wrote, which is the `trustedProxies`th from the right; what stands left of it anybody could have sent. An IPv4
 * address, an IPv6 network (`2001:db8:0:0::/64`), or `unknown` when there is no such entry or it is no address.
 */
export function clientAddress(headers: Headers, trustedProxies: number): string {
  const entries = headers.get('x-forwarded-for')?.split(',') ?? [];
  const entry = trustedProxies > 0 ? entries.at(-trustedProxies) : undefined;
  if (entry === undefined) return unknown;
  const address = stripPort(entry.trim());
  if (isIPv4(address)) return address;
  return isIP(address) === 6 ? reduceIPv6(address) : unknown;
}
