import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { createEntraVerifier, jwksUrl } from '../../src/auth/entra-verifier.ts';
import { createJwksCache } from '../../src/auth/jwks-cache.ts';
import type { Config } from '../../src/config.ts';
import { api, authority, oid, tid, time } from '../support/good-claims.ts';
import {
  createTestKey,
  signClaims,
  startJwksServer,
  type JwksServer,
  type TestKey,
} from '../support/jwks-server.ts';

const otherTid = '33333333-3333-4333-8333-333333333333';
const client = '66666666-6666-4666-8666-666666666666';

const config: Config['entra'] = {
  tenantId: tid,
  authority,
  audiences: [api, `api://${api}`],
  requiredScopes: ['access_as_user', 'notes.read'],
  requiredAppRoles: ['Mcp.Invoke'],
  allowedTenants: [tid],
  allowedClientIds: [],
};

const issuer = `${authority}/${tid}/v2.0`;

const user: JWTPayload = {
  iss: issuer,
  aud: api,
  exp: time + 3_600,
  nbf: time,
  ver: '2.0',
  tid,
  oid,
  sub: 'pairwise',
  azp: client,
  scp: 'openid access_as_user',
  name: 'Alice',
  preferred_username: 'alice@contoso.example',
};
const application: JWTPayload = {
  iss: issuer,
  aud: api,
  exp: time + 3_600,
  ver: '2.0',
  tid,
  oid,
  sub: oid,
  azp: client,
  idtyp: 'app',
  roles: ['Mcp.Invoke'],
};
const v1 = {
  ver: '1.0',
  iss: `https://sts.windows.net/${tid}/`,
  aud: `api://${api}`,
  azp: undefined,
  appid: client,
};

describe('createEntraVerifier', () => {
  let key: TestKey;
  let foreign: TestKey;
  let otherTenants: TestKey;
  let shared: TestKey;
  let unnamed: TestKey;
  let server: JwksServer;

  beforeAll(async () => {
    [key, foreign, otherTenants, shared, unnamed] = await Promise.all([
      createTestKey('key', `${authority}/${tid}/v2.0`),
      createTestKey('key'),
      createTestKey('other', `${authority}/${otherTid}/v2.0`),
      createTestKey('shared', `${authority}/{tenantid}/v2.0`),
      createTestKey('unnamed'),
    ]);
    server = await startJwksServer([key, otherTenants, shared, unnamed]);
  });
  afterAll(() => server.stop());

  function createVerifier(changes: Partial<Config['entra']> = {}) {
    const now = () => time * 1_000;
    return createEntraVerifier(
      { ...config, ...changes },
      { now, keys: createJwksCache(server.url, { now }) },
    );
  }

  async function codeOf(token: string, changes: Partial<Config['entra']> = {}): Promise<unknown> {
    return createVerifier(changes)
      .verify(token)
      .then(
        () => 'accepted',
        (error: unknown) => (error as { code: unknown }).code,
      );
  }

  it('accepts a user’s v2 token', async () => {
    expect(await createVerifier().verify(await signClaims(key, user))).toEqual({
      kind: 'user',
      tenantId: tid,
      objectId: oid,
      clientId: client,
      scopes: ['openid', 'access_as_user'],
      roles: [],
      name: 'Alice',
      username: 'alice@contoso.example',
      expiresAt: time + 3_600,
    });
  });

  it('accepts an application’s v2 token, with idtyp and without', async () => {
    const expected = {
      kind: 'application',
      objectId: oid,
      clientId: client,
      scopes: [],
      roles: ['Mcp.Invoke'],
    };
    expect(await createVerifier().verify(await signClaims(key, application))).toMatchObject(expected);
    const without = await signClaims(key, { ...application, idtyp: undefined });
    expect(await createVerifier().verify(without)).toMatchObject(expected);
  });

  it('accepts v1 tokens of both kinds', async () => {
    const principal = await createVerifier().verify(
      await signClaims(key, { ...user, ...v1, upn: 'a@contoso.example' }),
    );
    expect(principal).toMatchObject({ kind: 'user', clientId: client });
    expect(await codeOf(await signClaims(key, { ...application, ...v1 }))).toBe('accepted');
  });

  it('accepts any one of the required scopes', async () => {
    expect(await codeOf(await signClaims(key, { ...user, scp: 'notes.read' }))).toBe('accepted');
  });

  it('accepts the tokens of every listed tenant with the shared keys', async () => {
    const token = await signClaims(shared, { ...user, tid: otherTid, iss: `${authority}/${otherTid}/v2.0` });
    expect(await codeOf(token, { allowedTenants: [tid, otherTid] })).toBe('accepted');
  });

  it.each([
    ['an expired token', { exp: time - 61 }, 'expired_token'],
    ['a token from the future', { nbf: time + 61 }, 'token_not_yet_valid'],
    ['a token without an end', { exp: undefined }, 'invalid_claims'],
    ['a token that ends past all dates', { exp: 8.7e12 }, 'invalid_claims'],
    ['a token of another tenant', { tid: otherTid, iss: `${authority}/${otherTid}/v2.0` }, 'wrong_tenant'],
    ['a token whose tid is not its issuer’s', { iss: `${authority}/${otherTid}/v2.0` }, 'wrong_issuer'],
    [
      'an issuer of another authority',
      { iss: `https://login.example.com.evil.example/${tid}/v2.0` },
      'wrong_issuer',
    ],
    ['a v1 issuer on a v2 token', { iss: `https://sts.windows.net/${tid}/` }, 'wrong_issuer'],
    ['a v2 issuer on a v1 token', { ...v1, iss: `${authority}/${tid}/v2.0` }, 'wrong_issuer'],
    ['a version that does not exist', { ver: '3.0' }, 'invalid_claims'],
    ['a token for another API', { aud: oid }, 'wrong_audience'],
    ['a list of audiences, which Entra never sends', { aud: [api, oid] }, 'invalid_claims'],
    ['a token without a tenant', { tid: undefined }, 'invalid_claims'],
    ['a token without an object id', { oid: undefined }, 'invalid_claims'],
    ['a token without a client', { azp: undefined }, 'invalid_claims'],
    ['a user without a required scope', { scp: 'openid' }, 'missing_scope'],
    ['a scope that only contains the required one', { scp: 'access_as_user2' }, 'missing_scope'],
    ['an ID token', { scp: undefined, nonce: 'n' }, 'id_token'],
    ['an ID token that carries roles', { scp: undefined, roles: ['Mcp.Invoke'] }, 'id_token'],
    ['an ID token with a scope and a nonce', { nonce: 'n' }, 'id_token'],
    ['a user who claims to be an application', { idtyp: 'app' }, 'id_token'],
  ])('refuses %s', async (_what, changes, code) => {
    expect(await codeOf(await signClaims(key, { ...user, ...changes } as JWTPayload))).toBe(code);
  });

  it.each([
    ['without roles', { roles: undefined }, 'missing_role'],
    ['with another role', { roles: ['Other'] }, 'missing_role'],
    ['with a scope besides', { scp: 'access_as_user' }, 'id_token'],
  ])('refuses an application %s', async (_what, changes, code) => {
    expect(await codeOf(await signClaims(key, { ...application, ...changes }))).toBe(code);
  });

  it('forgives 60 seconds of skew', async () => {
    expect(await codeOf(await signClaims(key, { ...user, exp: time - 59, nbf: time + 59 }))).toBe('accepted');
  });

  it('refuses clients that are not listed, when a list is given', async () => {
    const token = await signClaims(key, user);
    expect(await codeOf(token, { allowedClientIds: [client] })).toBe('accepted');
    expect(await codeOf(token, { allowedClientIds: [oid] })).toBe('client_not_allowed');
  });

  it('refuses users or applications when their list is empty', async () => {
    expect(await codeOf(await signClaims(key, user), { requiredScopes: [] })).toBe('missing_scope');
    expect(await codeOf(await signClaims(key, application), { requiredAppRoles: [] })).toBe('missing_role');
  });

  it('refuses a foreign signature before it tells anything about claims', async () => {
    expect(await codeOf(await signClaims(foreign, { ...user, exp: time - 61, tid: otherTid }))).toBe(
      'invalid_signature',
    );
  });

  it('refuses a token signed with a key that is published for another tenant', async () => {
    expect(await codeOf(await signClaims(otherTenants, user))).toBe('wrong_issuer');
  });

  it('wants a key to say whose it is when several tenants are accepted', async () => {
    const token = await signClaims(unnamed, user);
    expect(await codeOf(token)).toBe('accepted');
    expect(await codeOf(token, { allowedTenants: [tid, otherTid] })).toBe('wrong_issuer');
  });

  it.each([{ toString: 1 }, ['RS256'], 'x'.repeat(11_000)])(
    'refuses whatever stands in the place of an algorithm',
    async (alg) => {
      const header = Buffer.from(JSON.stringify({ alg, kid: 'key' })).toString('base64url');
      expect(await codeOf(`${header}.e30.x`)).toBe('unsupported_algorithm');
    },
  );

  it('refuses a key id that is not published', async () => {
    expect(await codeOf(await signClaims({ ...foreign, kid: '../../evil' }, user))).toBe(
      'unknown_signing_key',
    );
  });

  it('ignores keys that the token brings along', async () => {
    const header = { jwk: foreign.jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert' };
    expect(await codeOf(await signClaims(foreign, user, header))).toBe('invalid_signature');
  });

  it('refuses alg none and HMAC with the public key', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await codeOf(`${encode({ alg: 'none' })}.${encode(user)}.`)).toBe('unsupported_algorithm');
    const signed = `${encode({ alg: 'HS256', kid: 'key' })}.${encode(user)}`;
    const mac = createHmac('sha256', JSON.stringify(key.jwk)).update(signed).digest('base64url');
    expect(await codeOf(`${signed}.${mac}`)).toBe('unsupported_algorithm');
  });

  it('says of a token for Graph that it is for another API, though its signature cannot be verified', async () => {
    expect(await codeOf(await signClaims(foreign, user, { nonce: 'graph' }))).toBe('wrong_audience');
  });

  it.each(['a.b.c', `${Buffer.from('{}').toString('base64url')}.e30.x`, 'e30.e30.'])(
    'refuses %j as no token',
    async (token) => {
      expect(await codeOf(token)).toMatch(/^(malformed_token|unsupported_algorithm)$/);
    },
  );

  it('refuses a token longer than any real one', async () => {
    expect(await codeOf(`${'a'.repeat(16_384)}.b.c`)).toBe('malformed_token');
  });

  it('refuses an unknown critical header', async () => {
    expect(await codeOf(await signClaims(key, user, { crit: ['urn:test'], 'urn:test': 1 }))).toBe(
      'malformed_token',
    );
  });
});

describe('jwksUrl', () => {
  it('is the tenant’s own key set for one tenant and the shared one for several', () => {
    expect(jwksUrl(config)).toBe(`${authority}/${tid}/discovery/v2.0/keys`);
    expect(jwksUrl({ ...config, allowedTenants: [tid, otherTid] })).toBe(
      `${authority}/common/discovery/v2.0/keys`,
    );
    expect(jwksUrl({ ...config, tenantId: 'organizations', allowedTenants: [otherTid] })).toBe(
      `${authority}/common/discovery/v2.0/keys`,
    );
  });
});
