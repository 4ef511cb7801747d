import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createEntraVerifier } from '../../src/auth/entra-verifier.ts';
import { createJwksCache } from '../../src/auth/jwks-cache.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { createVerifiedTokens } from '../../src/auth/verified-tokens.ts';
import { api, authority, oid, tid, time } from '../support/good-claims.ts';
import {
  createTestKey,
  signClaims,
  startJwksServer,
  type JwksServer,
  type TestKey,
} from '../support/jwks-server.ts';

const principal: Principal = {
  kind: 'user',
  tenantId: tid,
  objectId: oid,
  clientId: api,
  scopes: [],
  roles: [],
  expiresAt: time + 60,
};

describe('createVerifiedTokens', () => {
  it('finds what was remembered, for exactly that token', () => {
    const tokens = createVerifiedTokens({ now: () => time * 1_000 });
    tokens.remember('a.b.c', { principal });
    expect(tokens.find('a.b.c')).toEqual({ principal });
    expect([tokens.find('a.b.d'), tokens.find('a.b.c ')]).toEqual([undefined, undefined]);
  });

  it('forgets a token at its exp, without the skew that a fresh verification forgives', () => {
    let now = time * 1_000;
    const tokens = createVerifiedTokens({ now: () => now });
    tokens.remember('a.b.c', { principal });
    now = (time + 60) * 1_000 - 1;
    expect(tokens.find('a.b.c')).toBeDefined();
    now += 1;
    expect(tokens.find('a.b.c')).toBeUndefined();
    now -= 1;
    expect(tokens.find('a.b.c')).toBeUndefined();
  });

  it('keeps no more than it may, and forgets the oldest first', () => {
    const tokens = createVerifiedTokens({ maxEntries: 2, now: () => time * 1_000 });
    for (const token of ['one', 'two', 'three']) tokens.remember(token, { principal });
    expect(['one', 'two', 'three'].map((token) => tokens.find(token) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('a verifier that remembers', () => {
  let key: TestKey;
  let sameId: TestKey;
  let server: JwksServer;
  let now: number;

  beforeAll(async () => {
    [key, sameId] = await Promise.all([createTestKey('key'), createTestKey('key')]);
    server = await startJwksServer([key]);
  });
  beforeEach(() => {
    server.keys = [key];
    now = time * 1_000;
  });
  afterAll(() => server.stop());

  function createVerifier() {
    return createEntraVerifier(
      {
        tenantId: tid,
        authority,
        audiences: [api],
        requiredScopes: ['access_as_user'],
        requiredAppRoles: [],
        allowedTenants: [tid],
        allowedClientIds: [],
      },
      { now: () => now, keys: createJwksCache(server.url, { now: () => now }) },
    );
  }

  function sign(changes: object = {}): Promise<string> {
    const claims = {
      iss: `${authority}/${tid}/v2.0`,
      aud: api,
      exp: time + 86_400,
      ver: '2.0',
      tid,
      oid,
      azp: api,
      scp: 'access_as_user',
    };
    return signClaims(key, { ...claims, ...changes });
  }

  async function codeOf(verification: Promise<unknown>): Promise<unknown> {
    return verification.then(
      () => 'accepted',
      (error: unknown) => (error as { code: unknown }).code,
    );
  }

  it('gives the same principal again', async () => {
    const verifier = createVerifier();
    const token = await sign();
    expect(await verifier.verify(token)).toBe(await verifier.verify(token));
  });

  it('does not take a token whose signature was changed for the one it verified', async () => {
    const verifier = createVerifier();
    const token = await sign();
    await verifier.verify(token);
    const [header, payload] = token.split('.');
    const [, , otherSignature] = (await sign({ scp: 'access_as_user more' })).split('.');
    expect(await codeOf(verifier.verify(`${header}.${payload}.${otherSignature}`))).toBe('invalid_signature');
  });

  it.each([
    ['is no longer published', () => [sameIdAs('other')], 'unknown_signing_key'],
    ['was replaced by another of its id', () => [sameId], 'invalid_signature'],
  ])('refuses a token it verified when its key %s', async (_what, published, code) => {
    const verifier = createVerifier();
    const token = await sign();
    expect(await codeOf(verifier.verify(token))).toBe('accepted');
    server.keys = published();
    now += 2 * 3_600_000;
    expect(await codeOf(verifier.verify(token))).toBe(code);
  });

  it('refuses a token it verified when it has expired', async () => {
    const verifier = createVerifier();
    const token = await sign({ exp: time + 100 });
    expect(await codeOf(verifier.verify(token))).toBe('accepted');
    now += 161_000;
    expect(await codeOf(verifier.verify(token))).toBe('expired_token');
  });

  function sameIdAs(kid: string): TestKey {
    return { ...sameId, kid, jwk: { ...sameId.jwk, kid } };
  }
});
