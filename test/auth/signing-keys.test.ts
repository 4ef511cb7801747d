import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, SignJWT, jwtVerify } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkSecretValue } from '../../src/auth/secret-values.ts';
import { createSigningKeys, type SigningKeys } from '../../src/auth/signing-keys.ts';
import type { SecretName, SecretVersion } from '../../src/stores/secrets.ts';
import { refusalOf } from '../support/failure-of.ts';
import {
  createRotatingSecrets,
  keyPem,
  randomVersion,
  signingVersion,
  type RotatingSecrets,
} from './rotating-secrets.ts';

const name = 'session-signing-key';
const unusable: SecretVersion = { id: 'bad', value: 'change me' };

describe('createSigningKeys', () => {
  let first: SecretVersion;
  let second: SecretVersion;
  let secrets: RotatingSecrets;
  let keys: SigningKeys;

  beforeAll(() => {
    first = signingVersion('a1');
    second = signingVersion('b2');
  });
  beforeEach(() => {
    secrets = createRotatingSecrets(name, first);
    keys = createSigningKeys(secrets);
  });

  async function kids(): Promise<unknown[]> {
    return (await keys.privateKeys()).map(({ kid }) => kid);
  }

  it('gives private ES256 keys whose id is their thumbprint, and the public key to each', async () => {
    const [jwk = { kty: '' }] = await keys.privateKeys();
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk));
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(await importJWK(jwk));
    const publicKey = await keys.findPublicKey(jwk.kid ?? '');
    if (publicKey === undefined) throw new Error('not found');
    expect(publicKey.type).toBe('public');
    await expect(jwtVerify(token, publicKey)).resolves.toBeDefined();
    expect(secrets.refreshes).toBe(0);
  });

  it('S21: gives the newest first after a rotation, and finds the previous one still', async () => {
    const [old] = await kids();
    secrets.vault = [second, first];
    await secrets.refresh(name);
    const both = await kids();
    expect(both).toHaveLength(2);
    expect(both[1]).toBe(old);
    for (const kid of both) expect(await keys.findPublicKey(String(kid))).toBeDefined();
  });

  it('S21: finds a key that another instance signs with already by one look at the vault', async () => {
    const [kid = ''] = (await createSigningKeys(createRotatingSecrets(name, second)).privateKeys()).map(
      (jwk) => jwk.kid,
    );
    secrets.vault = [second, first];
    expect(await keys.findPublicKey(kid)).toBeDefined();
    expect(await keys.findPublicKey(kid)).toBeDefined();
    expect(secrets.refreshes).toBe(1);
  });

  it('finds a key no more once its version is disabled', async () => {
    const [old] = await kids();
    secrets.vault = [second];
    await secrets.refresh(name);
    expect(await keys.findPublicKey(String(old))).toBeUndefined();
  });

  it('passes on that an unknown key could not be looked up', async () => {
    const [known] = await kids();
    secrets.isDown = true;
    expect(await refusalOf(keys.findPublicKey('unknown'))).toMatchObject({ code: 'secrets_unavailable' });
    expect(await keys.findPublicKey(String(known))).toBeDefined();
  });

  it('signs with no other key than the newest, but verifies with every one that is usable', async () => {
    const [old] = await kids();
    secrets.vault = [unusable, first];
    await secrets.refresh(name);
    expect(await refusalOf(keys.privateKeys())).toMatchObject({ code: 'secret_unusable' });
    expect(await keys.findPublicKey(String(old))).toBeDefined();
    secrets.vault = [second, unusable, first];
    await secrets.refresh(name);
    expect(await kids()).toHaveLength(2);
  });

  it('says 503, not "unknown key", when no version is usable', async () => {
    secrets.vault = [unusable];
    await secrets.refresh(name);
    expect(await refusalOf(keys.findPublicKey('any'))).toMatchObject({
      code: 'secret_unusable',
      detail: 'session-signing-key (version bad) is not an EC P-256 private key in PKCS #8 PEM',
    });
  });
});

describe('checkSecretValue', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaPem = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = ec.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const hundredBytes = randomVersion('v', 100).value;
  const noKey = 'is not an EC P-256 private key in PKCS #8 PEM';

  it.each<[SecretName, string]>([
    ['session-signing-key', keyPem()],
    ['session-signing-key', `\n${keyPem().replaceAll('\n', ' ')} `],
    ['cookie-key', randomVersion('v').value],
    ['cookie-key', `${hundredBytes}\n`],
    ['encryption-key', `${randomVersion('v').value}=`],
    ['entra-client-secret', 'abC8Q~0123456789'],
  ])('takes a %s', async (secret, value) => {
    await expect(checkSecretValue(secret, { id: 'v', value })).resolves.toBeUndefined();
  });

  it.each<[SecretName, string, string]>([
    ['session-signing-key', ' \n', 'is empty'],
    ['session-signing-key', rsaPem, noKey],
    ['session-signing-key', publicPem, noKey],
    ['session-signing-key', keyPem('P-384'), noKey],
    ['session-signing-key', keyPem('secp256k1'), noKey],
    ['session-signing-key', keyPem('P-256', 'sec1'), noKey],
    ['session-signing-key', keyPem().slice(0, 100), noKey],
    ['session-signing-key', keyPem().replace(/[A-Za-z]{8}/, '        '), noKey],
    ['cookie-key', '', 'is empty'],
    ['cookie-key', 'not+base64/url'.repeat(8), 'is not base64url'],
    ['cookie-key', 'A'.repeat(45), 'is not base64url'],
    ['cookie-key', randomVersion('v', 31).value, 'has 31 bytes, at least 32 are needed'],
    ['encryption-key', '', 'is empty'],
    ['encryption-key', randomVersion('v', 16).value, 'has 16 bytes, at least 32 are needed'],
    ['entra-client-secret', '   ', 'is empty'],
    ['entra-client-secret', 'abC8Q~0123456789\n', 'has blanks or line ends in it'],
    ['entra-client-secret', 'abC8Q~012345678', 'has fewer than 16 characters'],
  ])('refuses a %s that is %j and never tells it', async (secret, value, problem) => {
    const refusal = await refusalOf(checkSecretValue(secret, { id: 'v1', value }));
    expect(refusal.code).toBe('secret_unusable');
    expect(refusal.detail).toBe(`${secret} (version v1) ${problem}`);
    expect(refusal.cause).toBeUndefined();
  });
});
