import type { CryptoKey, JWK } from 'jose';
import type { Secrets, SecretVersion } from '../stores/secrets.ts';
import { parseSigningKey, type SigningKeyPair } from './secret-values.ts';

/** The keys that sign this server's access tokens: the versions of the secret `session-signing-key`. */
export interface SigningKeys {
  /** Private ES256 keys with `kid` (RFC 7638 thumbprint) and `alg`, newest first, at least one. */
  privateKeys(): Promise<readonly JWK[]>;
  /** The public key of this id, current or previous; looks at the vault again for one that is not known. */
  findPublicKey(kid: string): Promise<CryptoKey | undefined>;
}

const secretName = 'session-signing-key';

/** The versions of a secret and the keys in them. */
interface Parsed {
  readonly versions: readonly SecretVersion[];
  readonly results: Promise<readonly PromiseSettledResult<SigningKeyPair>[]>;
}

/**
 * The signing keys of these secrets; each version is parsed once. The newest version must be usable for `privateKeys`;
 * a previous one that is not is left out, since nothing was ever signed with it.
 * Both throw AppError `secret_unusable` when no key can be used, and what the secrets throw.
 */
export function createSigningKeys(secrets: Secrets): SigningKeys {
  let parsed = new Map<string, Promise<SigningKeyPair>>();
  /** Of the answer of the secrets that was looked at last; they give the same one until they have asked again. */
  let latest: Parsed | undefined;

  function parseAll(versions: readonly SecretVersion[]): Parsed {
    // What is no longer enabled is forgotten.
    parsed = new Map(
      versions.map((version) => [version.id, parsed.get(version.id) ?? parseSigningKey(version)]),
    );
    return { versions, results: Promise.allSettled(parsed.values()) };
  }

  /** Newest first. @throws AppError `secret_unusable` when every version is unusable */
  async function loadPairs(versions: readonly SecretVersion[], newestIsNeeded: boolean) {
    if (latest?.versions !== versions) latest = parseAll(versions);
    const [newest, ...previous] = await latest.results;
    const usable = [newest, ...previous].flatMap((result) =>
      result?.status === 'fulfilled' ? [result.value] : [],
    );
    const isUsable = newestIsNeeded ? newest?.status === 'fulfilled' : usable.length > 0;
    if (!isUsable && newest?.status === 'rejected') throw newest.reason;
    return usable;
  }

  return {
    async privateKeys() {
      const pairs = await loadPairs(await secrets.read(secretName), true);
      return pairs.map(({ privateJwk }) => privateJwk);
    },
    async findPublicKey(kid) {
      const known = await loadPairs(await secrets.read(secretName), false);
      const pair = known.find((candidate) => candidate.kid === kid);
      if (pair !== undefined) return pair.publicKey;
      const versions = await secrets.refresh(secretName);
      if (versions === undefined) return undefined;
      const looked = await loadPairs(versions, false);
      return looked.find((candidate) => candidate.kid === kid)?.publicKey;
    },
  };
}
