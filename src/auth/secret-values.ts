import { calculateJwkThumbprint, exportJWK, importJWK, importPKCS8, type CryptoKey, type JWK } from 'jose';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { SecretName, Secrets, SecretVersion } from '../stores/secrets.ts';

/** The least that a symmetric secret must decode to, in bytes. */
const minKeyBytes = 32;
/** Entra's client secrets have 40 characters; this only finds placeholders. */
const minClientSecretLength = 16;

/** RFC 4648 section 5, padded or not. */
const base64UrlPattern = /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/;

/** The newest version, which is the one to sign and to seal with. Throws what the secrets throw. */
export async function readNewest(secrets: Secrets, name: SecretName): Promise<SecretVersion> {
  const [newest] = await secrets.read(name);
  if (newest === undefined) throw new AppError('secret_missing', { detail: name });
  return newest;
}

type IsWanted = (version: SecretVersion) => boolean;

async function lookFor(secrets: Secrets, name: SecretName, isWanted: IsWanted) {
  const known = await secrets.read(name);
  const found = known.find(isWanted);
  if (found !== undefined) return { found };
  const looked = await secrets.refresh(name);
  return { found: looked?.find(isWanted), isCertain: looked !== undefined };
}

/**
 * The version that this is true of, after another look at the vault if need be: for what a stranger may have made up.
 * Throws what the secrets throw.
 */
export async function findVersion(
  secrets: Secrets,
  name: SecretName,
  isWanted: IsWanted,
): Promise<SecretVersion | undefined> {
  return (await lookFor(secrets, name, isWanted)).found;
}

/**
 * As `findVersion`, for what this server has stored itself: it must never count as gone because its key is not known
 * here yet.
 * @throws AppError `secrets_unavailable` when that cannot be told now
 */
export async function findVersionForSure(
  secrets: Secrets,
  name: SecretName,
  isWanted: IsWanted,
): Promise<SecretVersion | undefined> {
  const { found, isCertain = true } = await lookFor(secrets, name, isWanted);
  if (isCertain) return found;
  throw new AppError('secrets_unavailable', { detail: `${name}: asked moments ago` });
}

/** The value itself is never told, nor is an error that may quote it. */
function createUnusable(name: SecretName, { id }: SecretVersion, problem: string): AppError {
  return new AppError('secret_unusable', { detail: `${name} (version ${id}) ${problem}` });
}

export type SymmetricSecretName = Extract<SecretName, 'cookie-key' | 'encryption-key'>;

/**
 * The bytes of a symmetric secret, at least 32.
 * @throws AppError `secret_unusable`, whose detail names the secret and what is wrong
 */
export function decodeSymmetricSecret(name: SymmetricSecretName, version: SecretVersion): Uint8Array {
  const value = version.value.trim();
  if (value === '') throw createUnusable(name, version, 'is empty');
  if (!base64UrlPattern.test(value)) throw createUnusable(name, version, 'is not base64url');
  const bytes = new Uint8Array(Buffer.from(value, 'base64url'));
  if (bytes.length >= minKeyBytes) return bytes;
  throw createUnusable(name, version, `has ${bytes.length} bytes, at least ${minKeyBytes} are needed`);
}

/** Leaves the private member out. */
const publicJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
});

/** A version of `session-signing-key`. */
export interface SigningKeyPair {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  /** With `kid`, `alg` and `use`. */
  readonly privateJwk: JWK;
  readonly publicKey: CryptoKey;
}

/**
 * The key pair of a version of `session-signing-key`: PKCS #8 in PEM, EC P-256.
 * @throws AppError `secret_unusable`, whose detail names the secret and what is wrong
 */
export async function parseSigningKey(version: SecretVersion): Promise<SigningKeyPair> {
  const name = 'session-signing-key';
  const value = version.value.trim();
  if (value === '') throw createUnusable(name, version, 'is empty');
  try {
    const jwk = await exportJWK(await importPKCS8(value, 'ES256', { extractable: true }));
    const publicJwk = publicJwkSchema.parse(jwk);
    const publicKey = await importJWK(publicJwk, 'ES256');
    if (publicKey instanceof Uint8Array) throw new TypeError('not asymmetric');
    const kid = await calculateJwkThumbprint(publicJwk);
    return { kid, privateJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' }, publicKey };
  } catch {
    throw createUnusable(name, version, 'is not an EC P-256 private key in PKCS #8 PEM');
  }
}

/**
 * Resolves when a version of a secret has the shape that its use needs.
 * @throws AppError `secret_unusable`, whose detail names the secret and what is wrong, never its value
 */
export async function checkSecretValue(name: SecretName, version: SecretVersion): Promise<void> {
  switch (name) {
    case 'session-signing-key':
      await parseSigningKey(version);
      return;
    case 'cookie-key':
    case 'encryption-key':
      decodeSymmetricSecret(name, version);
      return;
    case 'entra-client-secret': {
      if (version.value.trim() === '') throw createUnusable(name, version, 'is empty');
      if (/\s/.test(version.value)) throw createUnusable(name, version, 'has blanks or line ends in it');
      if (version.value.length < minClientSecretLength)
        throw createUnusable(name, version, `has fewer than ${minClientSecretLength} characters`);
    }
  }
}
