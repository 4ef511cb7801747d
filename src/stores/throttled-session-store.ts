import type { Owner } from './owner.ts';
import type { SessionClient, SessionStore } from './session-store.ts';

export interface ThrottleOptions {
  /** Milliseconds within which the same client of the same owner is written at most once. */
  readonly intervalMs: number;
  /** Most clients remembered; beyond that the one written longest ago is forgotten, and may be written early. */
  readonly maxEntries: number;
  readonly now?: () => number;
}

/** Of the token's ids alone: by what a client may choose (name, version) it could write as often as it likes. */
function keyOf({ tenantId, objectId }: Owner, { clientId }: SessionClient): string {
  return JSON.stringify([tenantId, objectId, clientId]);
}

/** Passes a record on at most once an interval for each owner and client. Lists are passed on. */
export function createThrottledSessionStore(
  store: SessionStore,
  { intervalMs, maxEntries, now = Date.now }: ThrottleOptions,
): SessionStore {
  /** When each was written, in that order. */
  const written = new Map<string, number>();

  function remember(key: string, at: number): void {
    written.delete(key);
    written.set(key, at);
    const [oldest] = written.keys();
    if (written.size > maxEntries && oldest !== undefined) written.delete(oldest);
  }

  return {
    async record(owner, client) {
      const key = keyOf(owner, client);
      const at = now();
      const last = written.get(key);
      if (last !== undefined && at - last < intervalMs) return;
      // Before the write ends, so that requests that arrive meanwhile do not write too.
      remember(key, at);
      try {
        await store.record(owner, client);
      } catch (error) {
        if (written.get(key) === at) written.delete(key);
        throw error;
      }
    },
    list: (owner) => store.list(owner),
  };
}
