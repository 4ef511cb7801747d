import { decodeSymmetricSecret, findVersionForSure, readNewest } from '../auth/secret-values.ts';
import type { Sealer } from '../stores/sealer.ts';
import type { Secrets, SecretVersion } from '../stores/secrets.ts';
import { deriveKey, openEnvelope, readEnvelopeKeyId, sealEnvelope } from './envelope.ts';

const secretName = 'encryption-key';

function toKey(version: SecretVersion): Uint8Array {
  return deriveKey(decodeSymmetricSecret(secretName, version), 'entra-mcp storage');
}

/**
 * Seals with the newest version of `encryption-key` and opens with every one that is known, by its id in the envelope.
 * Both operations throw AppError `secret_unusable` when the version that they need cannot be used, and what the secrets
 * throw.
 */
export function createSealer(secrets: Secrets): Sealer {
  return {
    async seal(plaintext, place) {
      const newest = await readNewest(secrets, secretName);
      return sealEnvelope(plaintext, toKey(newest), { place, keyId: newest.id });
    },
    async open(sealed, place) {
      const id = readEnvelopeKeyId(sealed);
      if (id === undefined) return undefined;
      const version = await findVersionForSure(secrets, secretName, (candidate) => candidate.id === id);
      return version === undefined ? undefined : openEnvelope(sealed, toKey(version), place);
    },
  };
}
