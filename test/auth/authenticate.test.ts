import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK, SignJWT, type JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthenticator, readBearerToken } from '../../src/auth/authenticate.ts';
import { createEntraVerifier } from '../../src/auth/entra-verifier.ts';
import { createJwksCache } from '../../src/auth/jwks-cache.ts';
import { createSessionVerifier } from '../../src/auth/session-verifier.ts';
import { createSigningKeys } from '../../src/auth/signing-keys.ts';
import { AppError } from '../../src/errors.ts';
import {
  createTestKey,
  signClaims,
  startJwksServer,
  type JwksServer,
  type TestKey,
} from '../support/jwks-server.ts';
import { refusalOf } from '../support/failure-of.ts';
import { api, authority, issuer, now, ownClaims, tid, userClaims } from '../support/good-claims.ts';
import { createRotatingSecrets, signingVersion } from './rotating-secrets.ts';

function codeOf(header: string | null): string {
  try {
    readBearerToken(header);
  } catch (error) {
    if (error instanceof AppError) return error.code;
  }
  return 'accepted';
}

describe('readBearerToken', () => {
  it.each(['Bearer aaa.bbb.ccc', 'bearer aaa.bbb.ccc', 'BEARER  aaa.bbb.ccc ', 'Bearer a-_1.b.'])(
    'takes the token of %j',
    (header) => {
      expect(readBearerToken(header)).toMatch(/^[\w.-]+$/);
    },
  );

  it.each([
    ['a missing header', null, 'missing_token'],
    ['an empty header', ' ', 'missing_token'],
    ['Basic credentials', 'Basic YTpi', 'unsupported_scheme'],
    ['a bare token', 'aaa.bbb.ccc', 'unsupported_scheme'],
    ['a scheme without a token', 'Bearer', 'missing_token'],
    ['an opaque token', 'Bearer opaque', 'malformed_token'],
    ['two tokens', 'Bearer aaa.bbb.ccc ddd.eee.fff', 'malformed_token'],
    ['two headers joined', 'Bearer aaa.bbb.ccc, Bearer ddd.eee.fff', 'malformed_token'],
    ['a JWE', 'Bearer a.b.c.d.e', 'malformed_token'],
    ['characters of no JWT', 'Bearer aaa.b b.ccc', 'malformed_token'],
  ])('refuses %s', (_what, header, code) => {
    expect(codeOf(header)).toBe(code);
  });
});

describe('createAuthenticator', () => {
  const ownKeys = createSigningKeys(createRotatingSecrets('session-signing-key', signingVersion('a1')));
  let entraKey: TestKey;
  let server: JwksServer;
  let ownKey: JWK;
  let asked: string[];

  beforeAll(async () => {
    entraKey = await createTestKey('entra');
    server = await startJwksServer([entraKey]);
    [ownKey = { kty: '' }] = await ownKeys.privateKeys();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    asked = [];
  });

  const requiredScopes = ['access_as_user'];

  function createEntra() {
    const config = {
      tenantId: tid,
      authority,
      audiences: [api],
      requiredScopes,
      requiredAppRoles: [],
      allowedTenants: [tid],
      allowedClientIds: [],
    };
    return createEntraVerifier(config, { now, keys: createJwksCache(server.url, { now }) });
  }

  const own = createSessionVerifier({
    issuer,
    resource: `${issuer}/mcp`,
    requiredScopes,
    keys: ownKeys,
    isLive: (grantId) => {
      asked.push(grantId);
      return Promise.resolve(true);
    },
    now,
  });

  function authenticate(token: string, verifiers = { entra: createEntra(), own }) {
    const headers = { Authorization: `Bearer ${token}` };
    return createAuthenticator(verifiers)(new Request(`${issuer}/mcp`, { headers }));
  }

  async function codeOfToken(token: string): Promise<string> {
    const { code } = await refusalOf(authenticate(token));
    expect(asked).toEqual([]);
    return code;
  }

  async function signOwn(changes: object = {}, header: object = {}): Promise<string> {
    return new SignJWT({ ...ownClaims, ...changes })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: ownKey.kid ?? '', ...header })
      .sign(await importJWK(ownKey, 'ES256'));
  }

  it('S18: gives the tokens of each issuer to its verifier', async () => {
    expect(await authenticate(await signOwn())).toMatchObject({ clientId: 'own' });
    expect(asked).toEqual(['grant']);
    expect(await authenticate(await signClaims(entraKey, userClaims))).toMatchObject({
      clientId: 'at-entra',
    });
    expect(asked).toEqual(['grant']);
  });

  it('takes Entra’s tokens alone where this server issues none', async () => {
    const only = { entra: createEntra() };
    const request = (token: string) =>
      createAuthenticator(only)(
        new Request(`${issuer}/mcp`, { headers: { Authorization: `Bearer ${token}` } }),
      );
    expect(await request(await signClaims(entraKey, userClaims))).toMatchObject({ clientId: 'at-entra' });
    expect((await refusalOf(request(await signOwn()))).code).toBe('unsupported_algorithm');
  });

  it.each([
    ['with a slash', `${issuer}/`],
    ['in capitals', issuer.toUpperCase()],
    ['as a prefix', `${issuer}.evil.example`],
    ['of nobody', undefined],
    ['in a list', [issuer]],
    ['of Entra', `${authority}/${tid}/v2.0`],
  ])('S18: takes its own key for no issuer %s', async (_what, iss) => {
    expect(await codeOfToken(await signOwn({ iss }))).toBe('unsupported_algorithm');
  });

  it('S18: takes Entra’s key for no token of this server', async () => {
    expect(await codeOfToken(await signClaims(entraKey, ownClaims))).toBe('unsupported_algorithm');
    const named = { typ: 'at+jwt', kid: ownKey.kid };
    expect(await codeOfToken(await signClaims(entraKey, ownClaims, named))).toBe('unsupported_algorithm');
  });

  it('S18: refuses alg none under either issuer', async () => {
    for (const claims of [ownClaims, userClaims]) {
      const parts = [{ alg: 'none', typ: 'at+jwt' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      );
      expect(await codeOfToken(`${parts.join('.')}.`)).toBe('unsupported_algorithm');
    }
  });

  it('S18: refuses HS256 under either issuer, with the public key of either', async () => {
    const publicKey = await ownKeys.findPublicKey(ownKey.kid ?? '');
    if (publicKey === undefined) throw new Error('no key');
    const entraPublicKey = await importJWK(entraKey.jwk, 'RS256');
    if (entraPublicKey instanceof Uint8Array) throw new Error('no key');
    for (const secret of [await exportSPKI(publicKey), await exportSPKI(entraPublicKey)]) {
      for (const [claims, kid] of [
        [ownClaims, ownKey.kid],
        [userClaims, 'entra'],
      ] as const) {
        const signed = [{ alg: 'HS256', typ: 'at+jwt', kid }, claims]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.');
        const mac = createHmac('sha256', secret).update(signed).digest('base64url');
        expect(await codeOfToken(`${signed}.${mac}`)).toBe('unsupported_algorithm');
      }
    }
  });

  it('S18: refuses a refresh token or another opaque value as an access token', async () => {
    expect(await codeOfToken('Zk3uJ0wVhYbM1rQ8sT5nXc7eLpA2dGfI9oKjHt4UvEw')).toBe('malformed_token');
    expect(await codeOfToken('a.b.c')).toBe('malformed_token');
  });

  it('S18: refuses an ID token of this server', async () => {
    const idToken = { aud: 'own', nonce: 'n', scope: undefined, gid: undefined, client_id: undefined };
    expect(await codeOfToken(await signOwn(idToken, { typ: 'JWT' }))).toBe('wrong_token_type');
  });

  it('does not look into a token that is too long', async () => {
    expect(await codeOfToken(await signOwn({ filler: 'x'.repeat(16_384) }))).toBe('malformed_token');
  });
});
