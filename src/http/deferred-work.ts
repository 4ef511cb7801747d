import { setTimeout as delay } from 'node:timers/promises';

export interface DeferredWork {
  /** Runs the task soon, off the path of the answer. The task must not reject. */
  start(task: () => Promise<void>): void;
  /** Begins at once what still waits, and resolves when all of it has ended; what starts later does not wait. */
  settle(): Promise<void>;
}

/**
 * What requests leave behind for after their answers, so that a host that stops can wait for it.
 * @param waitMs milliseconds that a host has to pass an answer on: the first work to be done behind one loads a library
 */
export function createDeferredWork(waitMs = 100): DeferredWork {
  const settling = new AbortController();
  const unfinished = new Set<Promise<void>>();

  async function run(task: () => Promise<void>): Promise<void> {
    // Aborted is no failure: whoever stops the host does not want to wait.
    await delay(waitMs, undefined, { signal: settling.signal }).catch(() => undefined);
    await task();
  }

  return {
    start(task) {
      const running: Promise<void> = run(task).finally(() => unfinished.delete(running));
      unfinished.add(running);
    },
    async settle() {
      settling.abort();
      while (unfinished.size > 0) await Promise.all(unfinished);
    },
  };
}
