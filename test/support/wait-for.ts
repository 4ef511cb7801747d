import { setTimeout as wait } from 'node:timers/promises';

/** Looks again every millisecond, 5,000 times at most. Throws when it has not happened by then. */
export async function waitFor(what: string, hasHappened: () => boolean): Promise<void> {
  for (let looks = 0; looks < 5_000; looks += 1) {
    if (hasHappened()) return;
    await wait(1);
  }
  throw new Error(`waited in vain for ${what}`);
}
