import { putLast } from '../bounded-map.ts';
import type { Owner } from './owner.ts';
import type { SessionClient, SessionStore } from './session-store.ts';

export interface SessionRecorderOptions {
  /** Milliseconds within which the same client of the same owner is written at most once. */
  readonly intervalMs: number;
  /** Most clients remembered; beyond that the one written longest ago is forgotten, and may be written early. */
  readonly maxEntries: number;
  readonly now?: () => number;
}

export interface SessionRecorder {
  /**
   * The write of a sighting, for the caller to run; undefined where one was handed out within the interval. A write
   * that fails rejects, and is due again.
   */
  due(owner: Owner, client: SessionClient): (() => Promise<void>) | undefined;
}

/** Of the token's ids alone: by what a client may choose (name, version) it could write as often as it likes. */
function keyOf({ tenantId, objectId }: Owner, { clientId }: SessionClient): string {
  return `${tenantId}/${objectId}/${clientId}`;
}

/** Hands out the write of a record at most once an interval for each owner and client. */
export function createSessionRecorder(
  store: Pick<SessionStore, 'record'>,
  { intervalMs, maxEntries, now = Date.now }: SessionRecorderOptions,
): SessionRecorder {
  /** When each was handed out, in that order. */
  const written = new Map<string, number>();

  return {
    due(owner, client) {
      const key = keyOf(owner, client);
      const at = now();
      const last = written.get(key);
      if (last !== undefined && at - last < intervalMs) return undefined;
      // Before the write begins, so that requests that arrive meanwhile do not write too.
      putLast(written, key, at, maxEntries);
      return async () => {
        try {
          await store.record(owner, client);
        } catch (error) {
          if (written.get(key) === at) written.delete(key);
          throw error;
        }
      };
    },
  };
}
