import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import {
  normalizeClientMetadata,
  type ClientPolicy,
  type ClientSource,
} from '../../src/oauth/client-metadata.ts';
import { clientFixtures } from './clients/index.ts';

const ownOrigin = 'https://server.example';
const open: ClientPolicy = { allowed: [], ownOrigin };
const uris = ['https://client.example/cb'];
const id = 'https://client.example/client.json';
const inForce = {
  redirect_uris: uris,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

function normalize(input: unknown, source: ClientSource, policy = open) {
  return source === 'registered'
    ? normalizeClientMetadata(input, source, policy)
    : normalizeClientMetadata(input, source, policy);
}

function failure(code: string, detail: unknown) {
  return expect.objectContaining({ code, detail });
}

describe('what a registration is made of', () => {
  it('S23: decides what the client left open', () => {
    expect(normalize({ redirect_uris: uris }, 'registered')).toEqual(inForce);
  });

  it.each(['private_key_jwt', 'client_secret_post', 'tls_client_auth', 'none'])(
    'S23: makes a public client of whoever registers, and says so (%s)',
    (token_endpoint_auth_method) => {
      const given = { redirect_uris: uris, token_endpoint_auth_method };
      expect(normalize(given, 'registered')).toEqual(inForce);
    },
  );

  it('S23: honours the application type', () => {
    const web = normalize({ redirect_uris: uris, application_type: 'web' }, 'registered');
    expect(web).toEqual({ ...inForce, application_type: 'web' });
    const local = { redirect_uris: ['http://localhost/cb'], application_type: 'web' };
    expect(() => normalize(local, 'registered')).toThrow(
      failure('invalid_redirect_uri', 'redirect_uris[0] is not https, as those of a web application are'),
    );
    expect(normalize({ ...local, application_type: 'native' }, 'registered').application_type).toBe('native');
    expect(normalize({ ...local, application_type: 'desktop' }, 'registered').application_type).toBe(
      'native',
    );
  });

  it('S23: takes 10 redirect URIs and no more, 50 of a document', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => `https://client.example/${index}`);
    expect(normalize({ redirect_uris: many(10) }, 'registered').redirect_uris).toHaveLength(10);
    expect(() => normalize({ redirect_uris: many(11) }, 'registered')).toThrow(
      failure('invalid_client_metadata', 'redirect_uris has more than 10 members'),
    );
    expect(normalize({ client_id: id, redirect_uris: many(50) }, 'document').redirect_uris).toHaveLength(50);
    expect(() => normalize({ client_id: id, redirect_uris: many(51) }, 'document')).toThrow(
      failure('invalid_client_metadata', 'redirect_uris has more than 50 members'),
    );
  });

  it('S23: takes a name of 100 characters and no longer one; a document’s is cut', () => {
    const name = '🦊'.repeat(100);
    expect(normalize({ redirect_uris: uris, client_name: name }, 'registered').client_name).toBe(name);
    const longer = { client_id: id, redirect_uris: uris, client_name: `${name}x` };
    expect(() => normalize(longer, 'registered')).toThrow(
      failure('invalid_client_metadata', 'client_name is longer than 100 characters'),
    );
    expect(normalize(longer, 'document').client_name).toBe(name);
  });

  it('S14: keeps a name on one line and in the direction of the page, and leaves its markup for the page to escape', () => {
    const nameOf = (client_name: unknown) =>
      normalize({ redirect_uris: uris, client_name }, 'registered').client_name;
    expect(nameOf('<script>alert(1)</script>')).toBe('<script>alert(1)</script>');
    expect(nameOf(' Good\r\n\u202eelcitra\u2066 \u0000app\u2028 ')).toBe('Good elcitra app');
    expect(nameOf('\ud800')).toBe('\ufffd');
    expect(nameOf(' \n ')).toBeUndefined();
    expect(nameOf(7)).toBeUndefined();
    expect(nameOf(null)).toBeUndefined();
  });

  it('leaves out a client_uri that is not https', () => {
    for (const client_uri of [
      'http://client.example',
      'javascript:alert(1)',
      '',
      'https://u@client.example',
      3,
    ]) {
      expect(normalize({ redirect_uris: uris, client_uri }, 'registered')).toEqual(inForce);
    }
  });

  it('gives refresh tokens to all but those that name their grant types without them', () => {
    const grantsOf = (grant_types?: unknown) =>
      normalize({ redirect_uris: uris, grant_types }, 'registered').grant_types;
    expect(grantsOf()).toEqual(['authorization_code', 'refresh_token']);
    expect(grantsOf(null)).toEqual(['authorization_code', 'refresh_token']);
    expect(grantsOf(['authorization_code'])).toEqual(['authorization_code']);
  });

  it.each([
    [
      'invalid_client_metadata',
      'grant_types lacks authorization_code',
      { grant_types: ['client_credentials'] },
    ],
    ['invalid_client_metadata', 'response_types lacks code', { response_types: ['token'] }],
    ['invalid_redirect_uri', 'redirect_uris is missing or empty', { redirect_uris: [] }],
    ['invalid_redirect_uri', 'redirect_uris is missing or empty', { redirect_uris: null }],
    [
      'invalid_redirect_uri',
      expect.stringContaining('redirect_uris: '),
      { redirect_uris: 'https://a.example/' },
    ],
    ['invalid_redirect_uri', expect.stringContaining('redirect_uris: '), { redirect_uris: [1] }],
    [
      'invalid_redirect_uri',
      'redirect_uris[1] has a scheme that no application can own',
      { redirect_uris: [...uris, 'javascript:alert(1)'] },
    ],
  ])('S23: refuses with %s: %s', (code, detail, change) => {
    expect(() => normalize({ redirect_uris: uris, ...change }, 'registered')).toThrow(failure(code, detail));
  });

  it.each([undefined, null, 'text', 1, [], [{}]])('refuses %j', (input) => {
    expect(() => normalize(input, 'registered')).toThrow(
      expect.objectContaining({ name: 'AppError', detail: expect.any(String) }),
    );
  });

  it('S2: lets nobody be sent to pages of this server as if they were a client’s', () => {
    for (const source of ['registered', 'document', 'listed'] as const) {
      for (const own of [`${ownOrigin}/auth/login`, `${ownOrigin}:443/`, 'https://SERVER.example/mcp']) {
        const given = { client_id: id, redirect_uris: [...uris, own] };
        expect(() => normalize(given, source)).toThrow(
          failure('invalid_redirect_uri', expect.stringMatching(/^redirect_uris\[1\] /)),
        );
      }
      const others = ['https://server.example:8443/cb', 'https://a.server.example/cb'];
      const given = { client_id: id, redirect_uris: others };
      expect(normalize(given, source).redirect_uris).toEqual(others);
    }
    expect(() => normalize({ redirect_uris: [`${ownOrigin}/x`] }, 'registered')).toThrow(
      failure('invalid_redirect_uri', "redirect_uris[0] is this server's own"),
    );
  });

  it('lets the operator’s list decide for every kind, and takes of a document what is on it', () => {
    const policy = { allowed: ['http://127.0.0.1/'], ownOrigin };
    const given = {
      client_id: id,
      redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1:33418/'],
    };
    expect(normalize(given, 'document', policy).redirect_uris).toEqual(['http://127.0.0.1:33418/']);
    for (const source of ['registered', 'listed'] as const) {
      expect(() => normalize(given, source, policy)).toThrow(
        failure('invalid_redirect_uri', 'redirect_uris[0] is none of OAUTH_ALLOWED_REDIRECT_URIS'),
      );
    }
    expect(() => normalize({ ...given, redirect_uris: uris }, 'document', policy)).toThrow(
      failure('invalid_redirect_uri', 'redirect_uris[0] is none of OAUTH_ALLOWED_REDIRECT_URIS'),
    );
    // What is not safe is not left out: whoever wrote it cannot be trusted with the rest.
    expect(() => normalize({ ...given, redirect_uris: [...uris, 'data:x'] }, 'document')).toThrow(
      failure('invalid_redirect_uri', 'redirect_uris[1] has a scheme that no application can own'),
    );
  });
});

describe('what a document or a listed client is made of', () => {
  let publicKey: JWK;
  let privateKey: JWK;

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    publicKey = await exportJWK(pair.publicKey);
    privateKey = await exportJWK(pair.privateKey);
  });

  it.each(['document', 'listed'] as const)('S22: takes private_key_jwt with public keys (%s)', (source) => {
    const given = { client_id: id, redirect_uris: uris, token_endpoint_auth_method: 'private_key_jwt' };
    const jwks = { keys: [publicKey] };
    const expected = { ...inForce, client_id: id, token_endpoint_auth_method: 'private_key_jwt' };
    expect(normalize({ ...given, jwks }, source)).toEqual({ ...expected, jwks });
    const jwks_uri = 'https://client.example/jwks.json';
    expect(normalize({ ...given, jwks_uri }, source)).toEqual({ ...expected, jwks_uri });
  });

  it('leaves the keys of a public client out', () => {
    const given = { client_id: id, redirect_uris: uris, jwks: { keys: [publicKey] }, jwks_uri: 'http://x' };
    expect(normalize(given, 'document')).toEqual({ ...inForce, client_id: id });
  });

  it('S22: refuses secrets and private keys, used or not', () => {
    const given = { client_id: id, redirect_uris: uris };
    const symmetric = { kty: 'oct', k: 'c2VjcmV0' };
    for (const key of [
      privateKey,
      symmetric,
      { kty: 'RSA', n: 'n', e: 'e', d: 'd' },
      { kty: 'AKP', priv: 'x' },
    ]) {
      for (const token_endpoint_auth_method of ['none', 'private_key_jwt']) {
        const jwks = { keys: [publicKey, key] };
        expect(() => normalize({ ...given, jwks, token_endpoint_auth_method }, 'document')).toThrow(
          failure('invalid_client_metadata', 'there is a private key in jwks'),
        );
      }
    }
    expect(() => normalize({ ...given, client_secret: '' }, 'document')).toThrow(
      failure('invalid_client_metadata', 'there is a client_secret in it'),
    );
  });

  it.each([
    ['client_id is missing', { client_id: undefined }],
    [
      'token_endpoint_auth_method is neither none nor private_key_jwt',
      { token_endpoint_auth_method: 'client_secret_post' },
    ],
    [
      'private_key_jwt needs jwks or jwks_uri, one of them',
      { token_endpoint_auth_method: 'private_key_jwt' },
    ],
    [
      'private_key_jwt needs jwks or jwks_uri, one of them',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'EC' }] },
        jwks_uri: 'https://client.example/jwks.json',
      },
    ],
    [
      'jwks_uri is not https',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://client.example/jwks.json' },
    ],
  ])('S22: refuses one where %s', (detail, change) => {
    expect(() => normalize({ client_id: id, redirect_uris: uris, ...change }, 'document')).toThrow(
      failure('invalid_client_metadata', detail),
    );
  });
});

describe.each(clientFixtures)('$name ($registers)', ({ registers, metadata, redirectUri }) => {
  const source = registers === 'registration' ? 'registered' : registers;

  it('is taken with every redirect URI and refresh tokens, and the same again when normalized twice', () => {
    const normalized = normalize(metadata, source);
    expect(normalized.redirect_uris).toEqual(metadata.redirect_uris);
    expect(normalized.grant_types).toEqual(['authorization_code', 'refresh_token']);
    expect(normalized.token_endpoint_auth_method).toBe('none');
    expect(normalize(normalized, source)).toEqual(normalized);
    expect(normalized.redirect_uris.some((uri) => isSameButPort(uri, redirectUri))).toBe(true);
  });
});

function isSameButPort(registered: string, used: string): boolean {
  const strip = (uri: string) => uri.replace(/^(http:\/\/(?:\[::1\]|localhost|127\.0\.0\.1)):\d+/, '$1');
  return strip(registered) === strip(used);
}
