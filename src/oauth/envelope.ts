import { hkdfSync } from 'node:crypto';
import { decodeProtectedHeader, errors, flattenedDecrypt, FlattenedEncrypt } from 'jose';

const encoder = new TextEncoder();

/**
 * A key of 256 bits by HKDF SHA-256 (RFC 5869). No salt: the secret is uniformly random already.
 * @param use keys of different uses have nothing to do with each other
 */
export function deriveKey(secret: Uint8Array | string, use: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', use, 32));
}

export interface EnvelopeOptions {
  /** Authenticated with the plaintext and not part of the envelope. Not empty: a JWE has no empty `aad`. */
  readonly place: string;
  /** Readable in the envelope, and authenticated. */
  readonly keyId?: string;
}

/**
 * Encrypts with A256GCM under the key itself (JWE, RFC 7516, `dir`): `{header}.{iv}.{ciphertext}.{tag}` in base64url.
 * No compact serialization, which knows no additional data. Throws RangeError without a place.
 */
export async function sealEnvelope(
  plaintext: string,
  key: Uint8Array,
  { place, keyId }: EnvelopeOptions,
): Promise<string> {
  if (place === '') throw new RangeError('no place');
  const jwe = await new FlattenedEncrypt(encoder.encode(plaintext))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...(keyId !== undefined && { kid: keyId }) })
    .setAdditionalAuthenticatedData(encoder.encode(place))
    .encrypt(key);
  return [jwe.protected, jwe.iv, jwe.ciphertext, jwe.tag].join('.');
}

/** The key id that an envelope names; nothing is verified. Undefined for what is no envelope (a JWT, say), or names none. */
export function readEnvelopeKeyId(sealed: string): string | undefined {
  const [header = ''] = sealed.split('.', 1);
  try {
    const { alg, enc, kid } = decodeProtectedHeader({ protected: header });
    return alg === 'dir' && enc === 'A256GCM' && typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** The plaintext; undefined where it was not sealed with this key for this place, or is no envelope. */
export async function openEnvelope(
  sealed: string,
  key: Uint8Array,
  place: string,
): Promise<string | undefined> {
  const [header, iv, ciphertext, tag, ...rest] = sealed.split('.');
  if (header === undefined || iv === undefined || ciphertext === undefined || tag === undefined)
    return undefined;
  if (rest.length > 0) return undefined;
  const aad = Buffer.from(place).toString('base64url');
  try {
    const { plaintext } = await flattenedDecrypt({ protected: header, iv, ciphertext, tag, aad }, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return Buffer.from(plaintext).toString();
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
