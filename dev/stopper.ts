/** Collects what has been started, so that all of it can be stopped, the last first. */
export interface Stopper {
  add(stop: () => Promise<void>): void;
  /** Whether stopping has begun: what ends from now on ends because of it. */
  readonly isStopping: boolean;
  /** Stops everything, whatever fails on the way; the same promise for everyone who asks. */
  stopAll(): Promise<void>;
}

export function createStopper(): Stopper {
  const stops: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;

  async function stopEach(): Promise<void> {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      await stop().catch((error: unknown) => console.error(error));
    }
  }

  return {
    add: (stop) => void stops.push(stop),
    get isStopping() {
      return stopping !== undefined;
    },
    stopAll: () => (stopping ??= stopEach()),
  };
}
