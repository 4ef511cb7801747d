import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSessionVerifier } from '../../src/auth/session-verifier.ts';
import { createSigningKeys } from '../../src/auth/signing-keys.ts';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { createSecretCache } from '../../src/azure/secret-cache.ts';
import { AppError } from '../../src/errors.ts';
import { createSealer } from '../../src/oauth/sealer.ts';
import { consentSchema } from '../../src/oauth/stores.ts';
import type { SecretName, SecretVersion } from '../../src/stores/secrets.ts';
import { randomVersion, signingVersion } from '../auth/rotating-secrets.ts';
import { refusalOf } from '../support/failure-of.ts';
import { startStorage, type TestStorage } from '../azure/storage.ts';

const second = 1_000;
const place = 'Grants/0f3a';

/** What is in the vault, for instances that look at it whenever they think it is time. */
let vault: Readonly<Partial<Record<SecretName, readonly SecretVersion[]>>>;
let isOut: boolean;
let now: number;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
beforeEach(() => {
  isOut = false;
  now = Date.now();
});
afterAll(() => storage.azurite.stop());

/** The secrets as an instance has them: nothing in memory is shared. */
function openSecrets() {
  const askVault = (name: SecretName) =>
    isOut ? Promise.reject(new AppError('secrets_unavailable')) : Promise.resolve(vault[name] ?? []);
  return createSecretCache(askVault, { now: () => now, log: () => undefined });
}

describe('what another instance sealed with a version that is not known here yet', () => {
  const old = randomVersion('old');
  const fresh = randomVersion('new');

  /** An instance that knows the old version only, and what one sealed that knows the new one. */
  async function rotate() {
    vault = { 'encryption-key': [old] };
    const behind = createSealer(openSecrets());
    await behind.seal('anything', place);
    now += 60 * second;
    const rotateNow = async () => {
      vault = { 'encryption-key': [fresh, old] };
      return createSealer(openSecrets()).seal('something', place);
    };
    return { behind, rotateNow };
  }

  it('S15, S21: is 503 while the vault is out, and opens when it is back', async () => {
    const { behind, rotateNow } = await rotate();
    const sealed = await rotateNow();
    isOut = true;
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect(await refusalOf(behind.open(sealed, place))).toMatchObject({ code: 'secrets_unavailable' });
    }
    isOut = false;
    now += 2 * second;
    expect(await behind.open(sealed, place)).toBe('something');
  });

  it('S15, S21: is 503 where the vault was asked moments ago, and opens after that', async () => {
    const { behind, rotateNow } = await rotate();
    const envelope = await createSealer(openSecrets()).seal('something', place);
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"made-up"}').toString('base64url');
    // A stranger's, which makes it look before the rotation.
    expect(await behind.open(envelope.replace(/^[^.]+/, header), place)).toBeUndefined();
    const sealed = await rotateNow();
    now += 2 * second - 1;
    expect(await refusalOf(behind.open(sealed, place))).toMatchObject({
      code: 'secrets_unavailable',
      detail: 'encryption-key: asked moments ago',
    });
    now += 1;
    expect(await behind.open(sealed, place)).toBe('something');
  });

  it('S15, S21: is a record that is not gone', async () => {
    vault = { 'encryption-key': [old] };
    const openRecords = () =>
      createRecordTable(storage.tables, {
        name: 'Consents',
        schema: consentSchema,
        sealer: createSealer(openSecrets()),
        now: () => now,
      });
    const [behind, id] = [openRecords(), randomUUID()];
    await behind.save(randomUUID(), 'allowed', now + 60 * second);
    vault = { 'encryption-key': [fresh, old] };
    await openRecords().save(id, 'allowed', now + 60 * second);
    for (const ask of [() => behind.find(id), () => behind.take(id)]) {
      expect(await refusalOf(ask())).toMatchObject({ code: 'secrets_unavailable' });
    }
    now += 2 * second;
    expect(await behind.take(id)).toBe('allowed');
  });

  it('S21: is not looked for where it is no envelope', async () => {
    const { behind } = await rotate();
    isOut = true;
    const jwtHeader = Buffer.from('{"alg":"ES256","typ":"at+jwt","kid":"k"}').toString('base64url');
    expect(await behind.open(`${jwtHeader}.e30.c2ln`, place)).toBeUndefined();
  });
});

describe('an access token with a key id that is not known here yet', () => {
  const issuer = 'https://mcp.example.com';
  const [tid, oid] = ['11111111-1111-4111-8111-11111111111a', '55555555-5555-4555-8555-55555555555b'];
  const [old, fresh] = [signingVersion('old'), signingVersion('new')];

  function openVerifier() {
    return createSessionVerifier({
      issuer,
      resource: `${issuer}/mcp`,
      requiredScopes: ['access_as_user'],
      keys: createSigningKeys(openSecrets()),
      isLive: () => Promise.resolve(true),
      now: () => now,
    });
  }

  /** Signed with the newest key of the vault. */
  async function sign(): Promise<string> {
    const [key = { kty: '' }] = await createSigningKeys(openSecrets()).privateKeys();
    const claims = { sub: `${tid}.${oid}`, tid, oid, client_id: 'c', gid: 'g', scope: 'access_as_user' };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid ?? '' })
      .setIssuer(issuer)
      .setAudience(`${issuer}/mcp`)
      .setExpirationTime(Math.floor(now / second) + 3_600)
      .sign(await importJWK(key, 'ES256'));
  }

  async function prepare() {
    vault = { 'session-signing-key': [old] };
    const behind = openVerifier();
    await behind.verify(await sign());
    now += 60 * second;
    return behind;
  }

  it('S21: is 503 while the vault is out, and good when it is back', async () => {
    const behind = await prepare();
    vault = { 'session-signing-key': [fresh, old] };
    const token = await sign();
    isOut = true;
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect(await refusalOf(behind.verify(token))).toMatchObject({ code: 'secrets_unavailable' });
    }
    isOut = false;
    now += 2 * second;
    expect(await behind.verify(token)).toMatchObject({ objectId: oid });
  });

  it('S21: is 401 where the vault was asked moments ago: anybody can make one up', async () => {
    const behind = await prepare();
    vault = { 'session-signing-key': [signingVersion('of a stranger')] };
    const strangers = await sign();
    vault = { 'session-signing-key': [old] };
    expect(await refusalOf(behind.verify(strangers))).toMatchObject({ code: 'unknown_signing_key' });
    vault = { 'session-signing-key': [fresh, old] };
    const token = await sign();
    expect(await refusalOf(behind.verify(token))).toMatchObject({ code: 'unknown_signing_key' });
    now += 2 * second;
    expect(await behind.verify(token)).toMatchObject({ objectId: oid });
  });
});
