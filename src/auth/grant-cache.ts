import { putLast } from '../bounded-map.ts';
import type { CountLookup } from '../telemetry/telemetry.ts';

export interface GrantCacheOptions {
  /** Most grants remembered; beyond that the one looked up longest ago is forgotten. */
  readonly maxEntries?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly countLookup?: CountLookup | undefined;
}

/** Until when a grant stands for sure, milliseconds since the epoch; undefined when it has ended. */
export type FindEnd = (grantId: string) => Promise<number | undefined>;

/**
 * Whether a grant stands, looked up again when what was found out has run its time, and once for requests that arrive
 * together. That a grant has ended is not remembered, nor is a failure, which is passed on.
 */
export function createGrantCache(
  findEnd: FindEnd,
  { maxEntries = 10_000, now = Date.now, countLookup }: GrantCacheOptions = {},
): (grantId: string) => Promise<boolean> {
  /** Until when each stands, in the order in which they were looked up. */
  const found = new Map<string, number>();
  const asked = new Map<string, Promise<boolean>>();

  async function ask(grantId: string): Promise<boolean> {
    try {
      const until = await findEnd(grantId);
      if (until === undefined) found.delete(grantId);
      else putLast(found, grantId, until, maxEntries);
      return until !== undefined;
    } finally {
      asked.delete(grantId);
    }
  }

  return async function isLive(grantId) {
    const until = found.get(grantId);
    const isKnown = until !== undefined && now() < until;
    countLookup?.(isKnown);
    if (isKnown) return true;
    const question = asked.get(grantId) ?? ask(grantId);
    asked.set(grantId, question);
    return question;
  };
}
