import { createHash, createHmac } from 'node:crypto';
import { decodeSymmetricSecret, findVersion, readNewest } from '../auth/secret-values.ts';
import type { Secrets, SecretVersion } from '../stores/secrets.ts';
import { isEqualInConstantTime } from './constant-time.ts';

/** Signs what a browser keeps (HMAC SHA-256), with the versions of the secret `cookie-key`. */
export interface CookieSigner {
  /** The value with its signature, safe in a cookie. @param purpose a value signed for one cookie is none for another */
  sign(value: string, purpose: string): Promise<string>;
  /** The value, or undefined when it was not signed here for this purpose. */
  verify(signed: string, purpose: string): Promise<string | undefined>;
}

const secretName = 'cookie-key';
/** Longest signed value made and looked at: what a browser keeps in one cookie (RFC 6265bis section 5.6). */
const maxLength = 4_096;
/** Value, mark of the key, MAC. */
const signedPattern = /^([\w-]*)\.([\w-]{11})\.([\w-]{43})$/;

/** Names a version in a few characters that any cookie may hold. */
function markOf({ id }: SecretVersion): string {
  return createHash('sha256').update(id).digest().subarray(0, 8).toString('base64url');
}

function computeMac(version: SecretVersion, purpose: string, encoded: string): string {
  const key = decodeSymmetricSecret(secretName, version);
  // The encoded value holds no line end, so that no other pair of purpose and value gives the same text.
  return createHmac('sha256', key).update(`${purpose}\n${encoded}`).digest('base64url');
}

/**
 * Signs with the newest version of `cookie-key` and verifies with every one that is known.
 * `sign` throws RangeError where the result would exceed 4,096 characters, beyond which nothing verifies. Both throw
 * AppError `secret_unusable` when the version that they need cannot be used, and what the secrets throw.
 */
export function createCookieSigner(secrets: Secrets): CookieSigner {
  return {
    async sign(value, purpose) {
      const newest = await readNewest(secrets, secretName);
      const encoded = Buffer.from(value).toString('base64url');
      const signed = `${encoded}.${markOf(newest)}.${computeMac(newest, purpose, encoded)}`;
      if (signed.length > maxLength) throw new RangeError(`${signed.length} characters for ${purpose}`);
      return signed;
    },
    async verify(signed, purpose) {
      if (signed.length > maxLength) return undefined;
      const [, encoded, mark, mac] = signedPattern.exec(signed) ?? [];
      if (encoded === undefined || mark === undefined || mac === undefined) return undefined;
      const version = await findVersion(secrets, secretName, (candidate) => markOf(candidate) === mark);
      if (version === undefined || !isEqualInConstantTime(computeMac(version, purpose, encoded), mac))
        return undefined;
      return Buffer.from(encoded, 'base64url').toString();
    },
  };
}
