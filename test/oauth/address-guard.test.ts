import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  checkFetchUrl,
  connectTo,
  isPublicAddress,
  resolvePublicAddresses,
} from '../../src/oauth/address-guard.ts';

describe('isPublicAddress', () => {
  it.each([
    '93.184.215.14',
    '1.1.1.1',
    '20.112.250.133',
    '2606:2800:21f:cb07:6820:80da:af6b:8b2c',
    '2a00:1450::8a',
  ])('finds %s public', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
    ['this network', ['0.0.0.0', '0.1.2.3', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1']],
    [
      'link-local, with the metadata of virtual machines',
      ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1'],
    ],
    ['unique-local, with the metadata of virtual machines', ['fd00:ec2::254', 'fc00::1']],
    ['site-local', ['fec0::1']],
    ['Azure’s platform', ['168.63.129.16']],
    ['shared between a provider’s customers', ['100.64.0.1', '100.127.255.255']],
    ['multicast and broadcast', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1', 'ff0e::1']],
    ['reserved', ['240.0.0.1', '192.0.0.1', '192.88.99.1', '4000::1', '100::1', '5f00::1', '::2']],
    ['for documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    ['for benchmarks', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['IPv4-mapped', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:8.8.8.8']],
    ['IPv4-compatible', ['::127.0.0.1', '::7f00:1', '::8.8.8.8']],
    ['IPv4-translated', ['::ffff:0:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b:1::10.0.0.1']],
    ['6to4', ['2002:7f00:1::1', '2002:a00:1::', '2002:808:808::1']],
    ['Teredo', ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2']],
  ])('S22: finds no address public that is %s', (_kind, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it.each([
    'fe80::1%eth0',
    '2606:2800::1%1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    'localhost',
    '',
  ])('S22: finds %j, which is no plain address, not public', (address) =>
    expect(isPublicAddress(address)).toBe(false),
  );
});

describe('checkFetchUrl', () => {
  it.each([
    'https://client.example/oauth/client.json',
    'https://client.example/c?version=2',
    'https://client.example:8443/client',
    'https://93.184.215.14/client',
  ])('lets %s be fetched', (url) => expect(checkFetchUrl(url)).toBeUndefined());

  it.each([
    ['http://client.example/c', 'is not https'],
    ['HTTPS://client.example/c', 'is not https'],
    ['ftp://client.example/c', 'is not https'],
    ['file:///etc/passwd', 'is not https'],
    ['https://client.example', 'has no path'],
    ['https://client.example/', 'has no path'],
    ['https://user@client.example/c', 'has a user'],
    ['https://user:secret@client.example/c', 'has a user'],
    ['https://client.example/c#f', 'has a fragment'],
    ['https://client.example/c#', 'has a fragment'],
    ['https://client.example/a/../c', 'has dot segments'],
    ['https://client.example/a/./c', 'has dot segments'],
    ['https://client.example/%2e%2e/c', 'has dot segments'],
    ['https://client.example/a/.%2E/c', 'has dot segments'],
    ['https://client.example\\@evil.example/c', 'has characters that no URI has'],
    ['https://client.example/c d', 'has characters that no URI has'],
    ['https://client.example/c\n', 'has characters that no URI has'],
    ['https://2130706433/c', 'does not name its host the usual way'],
    ['https://0x7f.0.0.1/c', 'does not name its host the usual way'],
    ['https://127.1/c', 'does not name its host the usual way'],
    ['https://[::ffff:127.0.0.1]/c', 'does not name its host the usual way'],
    ['client.json', 'is not an absolute URI'],
  ])('S22: refuses %j: it %s', (url, reason) => expect(checkFetchUrl(url)).toBe(reason));
});

it('S22: refuses a URL of more than 2,000 characters', () => {
  const url = `https://client.example/${'c'.repeat(1_977)}`;
  expect(checkFetchUrl(url)).toBeUndefined();
  expect(checkFetchUrl(`${url}c`)).toBe('is longer than 2000 characters');
});

describe('resolvePublicAddresses', () => {
  const answer =
    (...addresses: string[]) =>
    () =>
      Promise.resolve(addresses);

  it('gives every address of a host that has public ones only', async () => {
    const addresses = await resolvePublicAddresses('client.example', answer('1.1.1.1', '2606:4700::1111'));
    expect(addresses).toEqual(['1.1.1.1', '2606:4700::1111']);
  });

  it.each([
    [['127.0.0.1']],
    [['1.1.1.1', '10.0.0.1']],
    [['169.254.169.254', '1.1.1.1']],
    [['2606:4700::1111', '::ffff:127.0.0.1']],
  ])('S22: refuses a host that resolves to %j', async (addresses) => {
    await expect(resolvePublicAddresses('client.example', answer(...addresses))).rejects.toMatchObject({
      code: 'client_metadata_unavailable',
      detail: 'the host has an address that is not public',
    });
  });

  it('S22: checks a host that is an address alike, and asks no resolver about it', async () => {
    const resolve = () => Promise.reject(new Error('asked'));
    await expect(resolvePublicAddresses('127.0.0.1', resolve)).rejects.toMatchObject({
      detail: 'the host has an address that is not public',
    });
    await expect(resolvePublicAddresses('[::1]', resolve)).rejects.toMatchObject({
      detail: 'the host has an address that is not public',
    });
    expect(await resolvePublicAddresses('[2606:4700::1111]', resolve)).toEqual(['2606:4700::1111']);
  });

  it('tells a name that does not resolve from one that is refused', async () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    await expect(resolvePublicAddresses('gone.example', () => Promise.reject(cause))).rejects.toMatchObject({
      code: 'client_metadata_unavailable',
      detail: 'the host name does not resolve',
      cause,
    });
    await expect(resolvePublicAddresses('gone.example', answer())).rejects.toMatchObject({
      detail: 'the host name has no address',
    });
  });
});

describe('connectTo', () => {
  it('S22: connects to the addresses it is given and to none else, the next where one refuses', async () => {
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      for (const addresses of [['127.0.0.1'], ['::1', '127.0.0.1']]) {
        const socket = connectTo(addresses, port);
        await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
        expect(socket.remoteAddress).toBe('127.0.0.1');
        socket.destroy();
      }
      const refused = connectTo(['::1'], port);
      const error = await new Promise((resolve) => refused.once('error', resolve));
      expect(error).toMatchObject({ syscall: 'connect', address: '::1' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
