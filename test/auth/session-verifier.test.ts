import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK, importPKCS8, SignJWT, type JWK, type JWTHeaderParameters } from 'jose';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createGrantCache } from '../../src/auth/grant-cache.ts';
import { createSessionVerifier, type SessionVerifier } from '../../src/auth/session-verifier.ts';
import { createSigningKeys, type SigningKeys } from '../../src/auth/signing-keys.ts';
import { AppError } from '../../src/errors.ts';
import { refusalOf } from '../support/failure-of.ts';
import { createRotatingSecrets, keyPem, signingVersion, type RotatingSecrets } from './rotating-secrets.ts';

const issuer = 'https://mcp.example.com';
const resource = `${issuer}/mcp`;
const tid = '11111111-1111-4111-8111-11111111111a';
const oid = '55555555-5555-4555-8555-55555555555b';
const time = 1_800_000_000;

const claims = {
  iss: issuer,
  aud: resource,
  sub: `${tid}.${oid}`,
  exp: time + 3_600,
  iat: time,
  jti: 'id',
  client_id: 'https://client.example/Metadata.json',
  scope: 'access_as_user profile',
  gid: 'grant',
  tid,
  oid,
};

const first = signingVersion('a1');
const second = signingVersion('b2');

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The same token with other claims or another header, its signature unchanged. */
function replacePart(token: string, index: 0 | 1, changes: object): string {
  const parts = token.split('.');
  const part = JSON.parse(Buffer.from(parts[index] ?? '', 'base64url').toString()) as object;
  parts[index] = encode({ ...part, ...changes });
  return parts.join('.');
}

describe('createSessionVerifier', () => {
  let secrets: RotatingSecrets;
  let keys: SigningKeys;
  let key: JWK;
  let live: boolean;
  let asked: string[];
  let verifier: SessionVerifier;

  beforeEach(async () => {
    secrets = createRotatingSecrets('session-signing-key', first);
    keys = createSigningKeys(secrets);
    [key = { kty: '' }] = await keys.privateKeys();
    live = true;
    asked = [];
    verifier = createVerifier();
  });

  function createVerifier(requiredScopes: readonly string[] = ['notes.read', 'access_as_user']) {
    const isLive = (grantId: string) => {
      asked.push(grantId);
      return Promise.resolve(live);
    };
    return createSessionVerifier({
      issuer,
      resource,
      requiredScopes,
      keys,
      isLive,
      now: () => time * 1_000,
    });
  }

  async function sign(changes: object = {}, header: object = {}, by = key): Promise<string> {
    const signer = await importJWK(by, 'ES256');
    return new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: by.kid ?? '', ...header })
      .sign(signer, { crit: { 'urn:test': true } });
  }

  async function codeOf(token: string): Promise<string> {
    return (await refusalOf(verifier.verify(token))).code;
  }

  it('accepts its own access token and says who it is for', async () => {
    const principal = await verifier.verify(
      await sign({ name: 'Alice', preferred_username: 'alice@contoso.example', roles: ['Mcp.Admin'] }),
    );
    expect(principal).toEqual({
      kind: 'user',
      tenantId: tid,
      objectId: oid,
      clientId: 'https://client.example/Metadata.json',
      scopes: ['access_as_user', 'profile'],
      roles: ['Mcp.Admin'],
      name: 'Alice',
      username: 'alice@contoso.example',
      expiresAt: time + 3_600,
    });
    expect(Object.isFrozen(principal)).toBe(true);
    expect(asked).toEqual(['grant']);
  });

  it('accepts a token without what is for display only, and the long form of the type', async () => {
    const principal = await verifier.verify(await sign({}, { typ: 'application/at+jwt' }));
    expect(principal).toMatchObject({ roles: [] });
    expect(principal).not.toHaveProperty('name');
    expect(principal).not.toHaveProperty('username');
  });

  it.each([
    ['an expired token', { exp: time - 61 }, 'expired_token'],
    ['a token from the future', { nbf: time + 61 }, 'token_not_yet_valid'],
    ['a token without an end', { exp: undefined }, 'invalid_claims'],
    ['a token that ends past all dates', { exp: 8.7e12 }, 'invalid_claims'],
    ['another issuer', { iss: 'https://other.example' }, 'wrong_issuer'],
    ['its issuer with a slash', { iss: `${issuer}/` }, 'wrong_issuer'],
    ['another audience', { aud: 'https://mcp.example.com/other' }, 'wrong_audience'],
    ['a list of audiences', { aud: [resource, 'https://other.example'] }, 'invalid_claims'],
    ['the client as audience, as in an ID token', { aud: claims.client_id }, 'wrong_audience'],
    ['a token without an audience', { aud: undefined }, 'invalid_claims'],
    ['a token without a tenant', { tid: undefined }, 'invalid_claims'],
    ['an object id that is no GUID', { oid: 'alice' }, 'invalid_claims'],
    ['a subject that is another person', { sub: `${tid}.${tid}` }, 'invalid_claims'],
    ['a token without a client', { client_id: undefined }, 'invalid_claims'],
    ['a token without a grant', { gid: undefined }, 'invalid_claims'],
    ['a token that is bound to a key', { cnf: { jkt: 'x' } }, 'invalid_claims'],
    ['a token without scopes', { scope: undefined }, 'missing_scope'],
    ['a scope that only contains the required one', { scope: 'access_as_user2' }, 'missing_scope'],
    ['a role in the place of a scope', { scope: 'openid', roles: ['access_as_user'] }, 'missing_scope'],
  ])('refuses %s, without a look at the grant', async (_what, changes, code) => {
    expect(await codeOf(await sign(changes))).toBe(code);
    expect(asked).toEqual([]);
  });

  it('accepts any one of the required scopes, and nobody where none is named', async () => {
    await expect(verifier.verify(await sign({ scope: 'notes.read' }))).resolves.toBeDefined();
    const refusal = await refusalOf(createVerifier([]).verify(await sign()));
    expect(refusal.code).toBe('missing_scope');
  });

  it('forgives 60 seconds of skew', async () => {
    await expect(verifier.verify(await sign({ exp: time - 59, nbf: time + 59 }))).resolves.toBeDefined();
  });

  it.each(['JWT', undefined, 'id_token+jwt', 'at+jwt2', 'AT+JWT', 'dpop+jwt', ['at+jwt'], 1])(
    'S18: refuses a token of type %j, though the same key signed it',
    async (typ) => {
      const token = await sign({}, { typ });
      expect(await codeOf(token)).toBe('wrong_token_type');
      expect(asked).toEqual([]);
    },
  );

  it('S18: refuses alg none', async () => {
    const [, payload = ''] = (await sign()).split('.');
    for (const alg of ['none', 'None', 'NONE', '', undefined]) {
      const header = encode({ alg, typ: 'at+jwt', kid: key.kid });
      expect(await codeOf(`${header}.${payload}.`)).toBe('unsupported_algorithm');
    }
  });

  it('S18: refuses HS256 with each form of the public key', async () => {
    const publicKey = await keys.findPublicKey(key.kid ?? '');
    if (publicKey === undefined) throw new Error('no key');
    const { kty, crv, x, y } = key;
    const forms = [
      await exportSPKI(publicKey),
      JSON.stringify({ kty, crv, x, y }),
      Buffer.from(await crypto.subtle.exportKey('spki', publicKey)),
      Buffer.from(await crypto.subtle.exportKey('raw', publicKey)),
    ];
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${encode(claims)}`;
    for (const form of forms) {
      const mac = createHmac('sha256', form).update(signed).digest('base64url');
      expect(await codeOf(`${signed}.${mac}`)).toBe('unsupported_algorithm');
    }
  });

  it.each(['ES384', 'PS256', 'EdDSA', { toString: 1 }, ['ES256']])('S18: refuses alg %j', async (alg) => {
    expect(await codeOf(replacePart(await sign(), 0, { alg }))).toBe('unsupported_algorithm');
  });

  it('refuses a foreign key, whatever key it names or brings along', async () => {
    const foreignPem = await importPKCS8(keyPem(), 'ES256');
    const header: JWTHeaderParameters = { alg: 'ES256', typ: 'at+jwt', jku: 'https://evil.example/keys' };
    const forge = (kid?: string, wanted: object = claims) =>
      new SignJWT({ ...wanted })
        .setProtectedHeader({ ...header, ...(kid !== undefined && { kid }) })
        .sign(foreignPem);
    expect(await codeOf(await forge(key.kid))).toBe('invalid_signature');
    expect(await codeOf(await forge(key.kid, { iss: 'x' }))).toBe('invalid_signature');
    expect(await codeOf(await forge('../../evil'))).toBe('unknown_signing_key');
    expect(await codeOf(await forge())).toBe('unknown_signing_key');
  });

  it('refuses a token whose header or claims were changed', async () => {
    const token = await sign();
    secrets.vault = [second, first];
    await secrets.refresh('session-signing-key');
    const [newest = key] = await keys.privateKeys();
    expect(await codeOf(replacePart(token, 0, { kid: newest.kid }))).toBe('invalid_signature');
    expect(await codeOf(replacePart(token, 0, { kid: ['x'] }))).toBe('unknown_signing_key');
    expect(await codeOf(replacePart(token, 0, { typ: 'application/at+jwt' }))).toBe('invalid_signature');
    expect(await codeOf(replacePart(token, 1, { exp: time + 7_200 }))).toBe('invalid_signature');
    expect(await codeOf(token.slice(0, -2))).toBe('invalid_signature');
  });

  it('S21: verifies what the previous key signed until its version is disabled', async () => {
    const before = await sign();
    secrets.vault = [second, first];
    await secrets.refresh('session-signing-key');
    const [newest = key] = await keys.privateKeys();
    expect(newest.kid).not.toBe(key.kid);
    await expect(verifier.verify(await sign({}, {}, newest))).resolves.toBeDefined();
    await expect(verifier.verify(before)).resolves.toBeDefined();
    secrets.vault = [second];
    await secrets.refresh('session-signing-key');
    expect(await codeOf(before)).toBe('unknown_signing_key');
  });

  it('S21: verifies what another instance signed with a key that this one has not seen', async () => {
    const [newest = key] = await createSigningKeys(
      createRotatingSecrets('session-signing-key', second, first),
    ).privateKeys();
    const token = await sign({}, {}, newest);
    expect(await codeOf(token)).toBe('unknown_signing_key');
    secrets.vault = [second, first];
    await expect(verifier.verify(token)).resolves.toBeDefined();
  });

  it('says 503, not 401, when an unknown key cannot be looked up', async () => {
    secrets.isDown = true;
    expect(await codeOf(replacePart(await sign(), 0, { kid: 'new' }))).toBe('secrets_unavailable');
    await expect(verifier.verify(await sign())).resolves.toBeDefined();
  });

  it('S19: refuses a token whose grant has ended', async () => {
    live = false;
    expect(await codeOf(await sign())).toBe('revoked_token');
  });

  it('S19: refuses it within 60 seconds with the cache in between', async () => {
    let at = time * 1_000;
    const isLive = createGrantCache(() => Promise.resolve(live ? at + 60_000 : undefined), { now: () => at });
    const cached = createSessionVerifier({
      issuer,
      resource,
      requiredScopes: ['access_as_user'],
      keys,
      isLive,
      now: () => at,
    });
    const token = await sign();
    await cached.verify(token);
    live = false;
    at += 59_999;
    await expect(cached.verify(token)).resolves.toBeDefined();
    at += 1;
    expect((await refusalOf(cached.verify(token))).code).toBe('revoked_token');
  });

  it('passes on that the grant could not be looked up', async () => {
    const broken = createSessionVerifier({
      issuer,
      resource,
      requiredScopes: ['access_as_user'],
      keys,
      isLive: () => Promise.reject(new AppError('storage_unavailable')),
      now: () => time * 1_000,
    });
    expect((await refusalOf(broken.verify(await sign()))).code).toBe('storage_unavailable');
  });

  it('refuses what is no token, is too long or has an unknown critical header', async () => {
    expect(await codeOf('a.b.c')).toBe('malformed_token');
    expect(await codeOf(`${'a'.repeat(16_384)}.b.c`)).toBe('malformed_token');
    expect(await codeOf(await sign({}, { crit: ['urn:test'], 'urn:test': 1 }))).toBe('malformed_token');
  });
});
