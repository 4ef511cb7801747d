import { hash } from 'node:crypto';
import { putLast } from '../bounded-map.ts';
import type { CountLookup } from '../telemetry/telemetry.ts';
import type { Principal } from './principal.ts';

export interface VerifiedTokensOptions {
  /** Most tokens remembered; beyond that the one remembered longest ago is forgotten. */
  readonly maxEntries?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly countLookup?: CountLookup | undefined;
}

/** What was found out about a token, with what its verifier needs to tell whether that still holds. */
type Verified<Proof> = Proof & { readonly principal: Principal };

export interface VerifiedTokens<Proof> {
  /** Undefined for a token that was not verified before, or whose `exp` has come. */
  find(token: string): Verified<Proof> | undefined;
  remember(token: string, verified: Verified<Proof>): void;
}

/**
 * The tokens of one issuer whose signature and claims held. The text of a token is not kept: it is known by its SHA-256,
 * which a changed token does not have. What can change while a token lives (its key, its grant) is for the verifier to
 * ask again each time.
 */
export function createVerifiedTokens<Proof extends object>({
  maxEntries = 5_000,
  now = Date.now,
  countLookup,
}: VerifiedTokensOptions = {}): VerifiedTokens<Proof> {
  /** In the order in which they were remembered. */
  const held = new Map<string, Verified<Proof>>();
  const keyOf = (token: string) => hash('sha256', token, 'base64');

  function find(token: string): Verified<Proof> | undefined {
    const key = keyOf(token);
    const verified = held.get(key);
    if (verified === undefined || now() < verified.principal.expiresAt * 1_000) return verified;
    held.delete(key);
    return undefined;
  }

  return {
    find(token) {
      const verified = find(token);
      countLookup?.(verified !== undefined);
      return verified;
    },
    remember(token, verified) {
      putLast(held, keyOf(token), verified, maxEntries);
    },
  };
}
