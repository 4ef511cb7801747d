import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Provider } from 'oidc-provider';
import { normalizeClientMetadata } from '../../src/oauth/client-metadata.ts';
import { checkRedirectUri, isAllowedRedirect } from '../../src/oauth/redirect-uris.ts';
import { createBareProvider, ownOrigin } from './bare-provider.ts';

const native = { applicationType: 'native', allowed: [] } as const;

describe('checkRedirectUri', () => {
  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://client.example:8443/callback?tenant=1',
    'https://xn--bcher-kva.example/callback',
    'http://localhost/callback',
    'http://localhost:8787/callback',
    'http://127.0.0.1:33418/',
    'http://[::1]:8080/callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'com.example.app:/callback',
    'com.example.app:callback',
  ])('S2: lets a client be sent to %s', (uri) => expect(checkRedirectUri(uri, native)).toBeUndefined());

  it.each([
    [
      'has a scheme that no application can own',
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'data:text/html,x',
    ],
    [
      'has a scheme that no application can own',
      'file:///etc/passwd',
      'vbscript:x',
      'blob:https://a.example/1',
    ],
    [
      'has a scheme that no application can own',
      'about:blank',
      'view-source:https://a.example/',
      'ws://a.example/',
    ],
    [
      'has a scheme that no application can own',
      'urn:ietf:wg:oauth:2.0:oob',
      'javascript://localhost/%0aalert(1)',
    ],
    [
      'has a scheme that no application can own',
      'android-app://a/b',
      'chrome-extension://abc/x',
      'devtools://x/y',
      'edge://settings',
      'feed:javascript:alert(1)',
      'intent://x',
      'ldap://h/x',
      'livescript:x',
      'mailto:a@b.example',
      'mhtml:x',
      'moz-extension://a/x',
      'ms-its:x',
      'ms-settings:x',
      'res://a/b',
      'resource://a',
      'shell:startup',
      'smb://h/x',
      'sms:1',
      'ssh://h/-oProxyCommand=x',
      'tel:1',
      'x-javascript:alert(1)',
      'safari-web-extension://a/x',
    ],
    [
      'does not name its host the usual way',
      'https://a;sandbox;b/cb',
      'https://a,b/cb',
      "https://a'b/cb",
      'https://*/cb',
      'https://a!b/cb',
      'https://$(x)/cb',
      'https://a_b/cb',
      'https://claude.ai;x.evil.example/cb',
    ],
    [
      'is http, but not on a loopback address',
      'http://client.example/cb',
      'http://127.0.0.1.evil.example/cb',
    ],
    ['is http, but not on a loopback address', 'http://127.0.0.2/cb', 'http://localhost.evil.example/cb'],
    [
      'is http, but not on a loopback address',
      'http://localhost./cb',
      'http://10.0.0.1/cb',
      'http://[::2]/cb',
    ],
    [
      'is https on a loopback address',
      'https://localhost/cb',
      'https://127.0.0.1:8443/cb',
      'https://a.localhost/cb',
    ],
    [
      'has a user',
      'https://user@client.example/cb',
      'http://localhost:80@evil.example/cb',
      'https://@a.example/cb',
    ],
    ['has a user', 'http://127.0.0.1:80%40x@evil.example/', 'cursor://user@host/cb'],
    ['has a fragment', 'https://client.example/cb#x', 'https://client.example/cb#', 'cursor://host/cb#x'],
    [
      'has dot segments',
      'https://client.example/a/../cb',
      'https://client.example/./cb',
      'https://client.example/..',
    ],
    ['has dot segments', 'https://client.example/%2e%2e/cb', 'https://client.example/a/.%2E/cb'],
    ['has dot segments', 'https://client.example/a%2f..%2fcb', 'https://client.example/a%5c..%5ccb'],
    ['has dot segments', 'https://client.example/..;/cb', 'cursor://host/../cb', 'com.example:/a/%2e./cb'],
    ['has characters that no URI has', 'https://good.example\\@evil.example/', 'https://client.example/a b'],
    [
      'has characters that no URI has',
      'java\tscript:alert(1)',
      ' javascript:alert(1)',
      'https://client.example/\n',
    ],
    [
      'has characters that no URI has',
      'https://client.example/\u0000',
      'https://bücher.example/cb',
      'https://a.example/“',
    ],
    [
      'has characters that no URI has',
      'https://client.example/<script>',
      'https://a.example/"',
      'http://[fe80::1%en0]\u00a0',
    ],
    [
      'does not name its host the usual way',
      'http://2130706433/cb',
      'http://0177.0.0.1/cb',
      'http://0x7f000001/',
    ],
    ['does not name its host the usual way', 'http://127.1/cb', 'http://%6cocalhost/cb', 'http:localhost/cb'],
    ['does not name its host the usual way', 'http:///localhost/cb', 'https:/client.example/cb'],
    ['does not name its host the usual way', 'http://[::ffff:127.0.0.1]/cb', 'http://[0:0:0:0:0:0:0:1]/cb'],
    ['does not name its host the usual way', 'http://localhost:/cb', 'http://[::0001]/cb'],
    ['does not name its port the usual way', 'http://localhost:0080/cb'],
    [
      'is not an absolute URI',
      '/callback',
      'localhost',
      'http://localhost:99999/',
      'http://[fe80::1%25en0]/cb',
    ],
    ['is a scheme and nothing else', 'cursor:'],
  ])('S2: refuses what %s', (reason, ...uris) => {
    expect(uris.map((uri) => [uri, checkRedirectUri(uri, native)])).toEqual(uris.map((uri) => [uri, reason]));
  });

  it('S2: refuses an empty one, and one of more than 2,000 characters', () => {
    const uri = `https://client.example/${'c'.repeat(1_977)}`;
    expect(checkRedirectUri(uri, native)).toBeUndefined();
    expect(checkRedirectUri(`${uri}c`, native)).toBe('is longer than 2000 characters');
    expect(checkRedirectUri('', native)).toBe('has characters that no URI has');
  });

  it('S2: gives a web application https only', () => {
    const web = { applicationType: 'web', allowed: [] } as const;
    expect(checkRedirectUri('https://client.example/cb', web)).toBeUndefined();
    for (const uri of ['http://localhost/cb', 'cursor://host/cb']) {
      expect(checkRedirectUri(uri, web)).toBe('is not https, as those of a web application are');
    }
    expect(checkRedirectUri('https://localhost/cb', web)).toBe('is https on a loopback address');
  });

  it('gives what the operator does not allow a reason of its own', () => {
    const options = { ...native, allowed: ['https://claude.ai/*'] };
    expect(checkRedirectUri('https://claude.ai/cb', options)).toBeUndefined();
    expect(checkRedirectUri('https://claude.example/cb', options)).toBe(
      'is none of OAUTH_ALLOWED_REDIRECT_URIS',
    );
    expect(checkRedirectUri('https://claude.ai/a/../cb', options)).toBe('has dot segments');
  });
});

describe('isAllowedRedirect', () => {
  it.each([
    ['https://a.example/cb', 'https://a.example/cb', true],
    ['https://a.example/cb/', 'https://a.example/cb', false],
    ['https://a.example/cb?x=1', 'https://a.example/cb', false],
    ['https://a.example:444/cb', 'https://a.example/cb', false],
    ['http://localhost:5000/cb', 'http://localhost/cb', true],
    ['http://localhost/cb', 'http://localhost:33418/cb', true],
    ['http://[::1]:5000/cb', 'http://[::1]/cb', true],
    ['http://localhost:5000/other', 'http://localhost/cb', false],
    ['http://127.0.0.1:5000/cb', 'http://localhost/cb', false],
    ['http://localhost:5000/any/path', 'http://localhost/*', true],
    ['https://a.example/oauth/1', 'https://a.example/oauth/*', true],
    ['https://a.example/oauth/1/2?x=1', 'https://a.example/oauth/*', true],
    ['https://a.example/oauthx', 'https://a.example/oauth*', true],
    ['https://a.example/other', 'https://a.example/oauth/*', false],
    ['https://a.example.evil.example/', 'https://a.example*', false],
    ['https://a.example/', 'https://a.example*', false],
    ['https://evil.example/', 'https://*', false],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/*', true],
    ['cursor://other/oauth/callback', 'cursor://anysphere.cursor-mcp/*', false],
    ['cursor://other/oauth/callback', 'cursor:*', false],
    ['cursor://other/oauth/callback', 'cursor://*', false],
    ['com.example:/cb', 'com.example:/*', true],
    ['com.example://evil/cb', 'com.example:/*', false],
  ])('S2: of %s by the pattern %s: %j', (uri, pattern, expected) => {
    expect(isAllowedRedirect(uri, ['https://never.example/', pattern])).toBe(expected);
  });
});

const client = normalizeClientMetadata(
  {
    client_id: 'native',
    redirect_uris: [
      'http://localhost/portless?x=1',
      'http://localhost:33418/ported',
      'http://127.0.0.1:33418/ported',
      'http://[::1]:33418/ported',
      'https://client.example/cb',
      'cursor://host/cb',
    ],
  },
  'listed',
  { allowed: [], ownOrigin },
);

describe('the comparison of redirect URIs in oidc-provider, which decides at sign-in', () => {
  let provider: Provider;

  beforeAll(async () => {
    provider = await createBareProvider({
      clients: [{ ...client }],
      adapter: () => {
        throw new Error('nothing is stored here');
      },
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
    });
  });

  async function allows(uri: string): Promise<boolean> {
    const found = await provider.Client.find('native');
    if (found === undefined) throw new Error('there is no such client');
    return found.redirectUriAllowed(uri);
  }

  it.each([
    'http://localhost:5000/portless?x=1',
    'http://localhost/ported',
    'http://localhost:1/ported',
    'http://127.0.0.1:65535/ported',
    'http://127.0.0.1/ported',
    'http://[::1]:1/ported',
    'http://[::1]/ported',
    'https://client.example/cb',
    'cursor://host/cb',
  ])('S2: takes %s, on loopback whatever the port', async (uri) => {
    expect(await allows(uri)).toBe(true);
  });

  it.each([
    'http://localhost:5000/portless',
    'http://localhost:5000/portless?x=2',
    'http://localhost:5000/ported/',
    'http://localhost:5000/Ported',
    'http://localhost:5000/ported?x=1',
    'http://localhost:5000/ported#x',
    'http://localhost:5000/a/../ported',
    'http://user@localhost:5000/ported',
    'http://localhost:80@evil.example/ported',
    'http://localhost.evil.example/ported',
    'http://127.0.0.2:33418/ported',
    'http://2130706433:33418/ported',
    'http://[::ffff:127.0.0.1]:33418/ported',
    'http://[::1]:33418/portless?x=1',
    'https://localhost:33418/ported',
    'https://client.example:8443/cb',
    'https://client.example/cb/',
    'https://client.example/cb?x=1',
    'https://CLIENT.example/cb',
    'cursor://host:1/cb',
    'cursor://host/cb/x',
  ])('S2: takes no %s', async (uri) => {
    expect(await allows(uri)).toBe(false);
  });
});
