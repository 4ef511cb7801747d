import { describe, expect, it } from '@jest/globals';
import { clientAddress } from '../../src/http/client-address.ts';

function addressOf(forwardedFor: string | undefined, trustedProxies = 1): string {
  return clientAddress(
    new Headers(forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor }),
    trustedProxies,
  );
}

describe('the address of a client', () => {
  it.each([
    ['an IPv4 address', '203.0.113.7', '203.0.113.7'],
    ['an IPv4 address with the port that Azure adds', '203.0.113.7:49152', '203.0.113.7'],
    ['spaces around it', '  203.0.113.7\t', '203.0.113.7'],
    ['an IPv6 address', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['an IPv6 address in brackets', '[2001:db8:1:2:3:4:5:6]', '2001:db8:1:2::/64'],
    ['an IPv6 address in brackets with a port', '[2001:db8:1:2:3:4:5:6]:443', '2001:db8:1:2::/64'],
    ['a compressed IPv6 address', '2001:DB8::5', '2001:db8:0:0::/64'],
    ['leading zeros', '2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['the loopback of IPv6', '::1', '0:0:0:0::/64'],
    ['an IPv4 address inside of IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['an IPv4 address inside of IPv6, in hexadecimal', '[::ffff:cb00:7107]:80', '203.0.113.7'],
  ])('is read from %s', (_description, header, address) => {
    expect(addressOf(header)).toBe(address);
  });

  it('is the same for every address of one IPv6 network, and another for the next', () => {
    expect(addressOf('2001:db8:1:2::1')).toBe(addressOf('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(addressOf('2001:db8:1:2::1')).not.toBe(addressOf('2001:db8:1:3::1'));
  });

  it.each([
    [1, '203.0.113.3'],
    [2, '203.0.113.2'],
    [3, '203.0.113.1'],
    [4, 'unknown'],
    [0, 'unknown'],
  ])('is counted from the right: with %i trusted proxies %s', (trustedProxies, address) => {
    expect(addressOf('203.0.113.1, 203.0.113.2:80,203.0.113.3', trustedProxies)).toBe(address);
  });

  it('is not what the client itself sent, in whatever number of headers', () => {
    const headers = new Headers([
      ['X-Forwarded-For', '198.51.100.1, 198.51.100.2'],
      ['X-Forwarded-For', '203.0.113.7'],
    ]);
    expect(clientAddress(headers, 1)).toBe('203.0.113.7');
  });

  it.each([
    [undefined],
    [''],
    [','],
    ['203.0.113.7,'],
    ['unknown'],
    ['_hidden'],
    ['256.0.0.1'],
    ['203.0.113'],
    ['0203.0.113.7'],
    ['203.0.113.7:http'],
    ['203.0.113.7:80:80'],
    ['[2001:db8::1'],
    ['[2001:db8::1]x'],
    ['[]'],
    ['fe80::1%eth0'],
    ['1::2::3'],
    ['[203.0.113.7'],
    ["'; drop table"],
    ['x'.repeat(100_000)],
  ])('is unknown for %p', (header) => {
    expect(addressOf(header)).toBe('unknown');
  });
});
