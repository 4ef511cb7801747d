import { importJWK, type CryptoKey } from 'jose';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import { askUnseen } from '../telemetry/observe.ts';
import type { Ask, CountLookup } from '../telemetry/telemetry.ts';

/** A published signing key. */
export interface SigningKey {
  readonly key: CryptoKey;
  /** Entra's own member of a JWK: the issuer it may sign for, with `{tenantid}` in the shared key sets. */
  readonly issuer: string | undefined;
}

export interface JwksCache {
  /**
   * The key with this id, or undefined when the provider does not publish it.
   * @throws AppError `signing_keys_unavailable` when that cannot be told
   */
  find(kid: string): Promise<SigningKey | undefined>;
  /** Resolves when usable keys are held. @throws AppError `signing_keys_unavailable` */
  check(): Promise<void>;
}

export interface JwksCacheOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Age, ms, from which keys are fetched again behind the answer. */
  readonly freshMs?: number;
  /** Age, ms, from which an answer waits for the fetch, so that a withdrawn key ends on an idle instance too. */
  readonly waitMs?: number;
  /** Age, ms, up to which keys are used while the provider cannot be reached. */
  readonly staleMs?: number;
  /** Least time, ms, between two fetches that unknown key ids cause: strangers choose key ids. */
  readonly unknownKeyIntervalMs?: number;
  /** Least time, ms, between a failed fetch and the next. */
  readonly failureIntervalMs?: number;
  /** Deadline of a fetch, ms. */
  readonly timeoutMs?: number;
  readonly ask?: Ask | undefined;
  readonly countLookup?: CountLookup | undefined;
}

/** Deadline of a fetch of keys, unless told otherwise, milliseconds. */
export const keysDeadlineMs = 5_000;

const timing = {
  freshMs: 3_600_000,
  waitMs: 7_200_000,
  staleMs: 86_400_000,
  unknownKeyIntervalMs: 30_000,
  failureIntervalMs: 1_000,
  timeoutMs: keysDeadlineMs,
};

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const rsaKeySchema = z.object({
  kty: z.literal('RSA'),
  kid: z.string(),
  // 2,048 bits at least (RFC 7518 section 3.3), in base64url.
  n: z.string().min(342),
  e: z.string(),
  use: z.literal('sig').optional(),
  alg: z.literal('RS256').optional(),
  issuer: z.string().optional(),
});

async function fetchKeys(url: string, timeoutMs: number): Promise<Map<string, SigningKey>> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const keys = new Map<string, SigningKey>();
  for (const candidate of jwksSchema.parse(await response.json()).keys) {
    const rsa = rsaKeySchema.safeParse(candidate);
    // Keys of other kinds may stand beside ours and are nobody's fault.
    if (!rsa.success) continue;
    const { kty, kid, n, e, issuer } = rsa.data;
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (!(key instanceof Uint8Array)) keys.set(kid, { key, issuer });
  }
  if (keys.size === 0) throw new Error(`${url} lists no RSA signing key`);
  return keys;
}

/**
 * The signing keys at a JWKS URL (RFC 7517). One fetch at a time; a new key is found by one fetch for an unknown id,
 * throttled; a key that is no longer published is forgotten with the next fetch.
 */
export function createJwksCache(url: string, options: JwksCacheOptions = {}): JwksCache {
  const { now = Date.now, ask = askUnseen, countLookup } = options;
  const { freshMs, waitMs, staleMs, unknownKeyIntervalMs, failureIntervalMs, timeoutMs } = {
    ...timing,
    ...options,
  };
  let keys = new Map<string, SigningKey>();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let pending: Promise<void> | undefined;

  function unavailable(): AppError {
    return new AppError('signing_keys_unavailable', { cause: failure });
  }

  async function refresh(): Promise<void> {
    if (now() - failedAt < failureIntervalMs) throw unavailable();
    pending ??= ask('keys', () => fetchKeys(url, timeoutMs))
      .then((fetched) => {
        keys = fetched;
        fetchedAt = now();
      })
      .catch((error: unknown) => {
        failedAt = now();
        failure = error;
        throw unavailable();
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  }

  async function ensureUsable(): Promise<void> {
    const age = now() - fetchedAt;
    if (age >= staleMs) await refresh();
    // A failure leaves the keys as they are, and the next request tries again.
    else if (age >= waitMs) await refresh().catch(() => undefined);
    else if (age >= freshMs) refresh().catch(() => undefined);
  }

  return {
    async find(kid) {
      countLookup?.(keys.has(kid) && now() - fetchedAt < waitMs);
      await ensureUsable();
      if (!keys.has(kid) && now() - fetchedAt >= unknownKeyIntervalMs) await refresh();
      return keys.get(kid);
    },
    check: ensureUsable,
  };
}
