import type { Admission } from '../quota.ts';

/** What is limited: registering a client, having what a client publishes fetched, and asking for a sign-in. */
export type LimitedKind = 'registration' | 'document' | 'authorization';

export interface RateLimit {
  /** Most requests in a window. */
  readonly most: number;
  /** Milliseconds, from the first request. */
  readonly windowMs: number;
}

export const rateLimits: Readonly<Record<LimitedKind, RateLimit>> = {
  registration: { most: 60, windowMs: 10 * 60_000 },
  document: { most: 60, windowMs: 10 * 60_000 },
  // A company may be behind one address.
  authorization: { most: 300, windowMs: 10 * 60_000 },
};

export interface RateLimiter {
  /**
   * Counts one request, for all instances together; it is not admitted when the window has had its most. The count is
   * approximate: a retry may be counted twice, and where very many requests of one key come at the same moment some are
   * refused for a second although the window has places left.
   * @param key who asks, such as an address
   * @throws AppError `storage_unavailable`
   */
  admit(kind: LimitedKind, key: string): Promise<Admission>;
}
