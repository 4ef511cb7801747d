import { AsyncLocalStorage } from 'node:async_hooks';
import type { Holder } from './holder.ts';

/** One request to the authorization server, for what serves it without being handed the request: callbacks and stores. */
export interface Exchange {
  /** Whose request it is, for limits. */
  readonly address: string;
  /** Whose sign-in a client's refresh token ended. */
  ended?: Holder;
  /** The failure behind an answer of the library, which knows no failures of ours. */
  failure?: unknown;
}

export interface Exchanges {
  /** Runs the work as one exchange with whoever asks from this address. */
  run<T>(address: string, work: () => Promise<T>): Promise<T>;
  /** The exchange that runs now. Throws where there is none: what belongs to nobody must not be kept for anybody. */
  current(): Exchange;
  /** Has that done whenever the last of the exchanges that ran has ended. */
  whenNoneRuns(rest: () => void): void;
}

export function createExchanges(): Exchanges {
  const storage = new AsyncLocalStorage<Exchange>();
  // Node 22 follows every promise of the process from the first exchange on, those of /mcp too, until all such storage is
  // told to stop; that of the telemetry, where it is on, never is.
  const rests = new Set([
    () => {
      storage.disable();
    },
  ]);
  let running = 0;
  return {
    async run(address, work) {
      running += 1;
      try {
        return await storage.run({ address }, work);
      } finally {
        running -= 1;
        if (running === 0) for (const rest of rests) rest();
      }
    },
    whenNoneRuns: (rest) => void rests.add(rest),
    current() {
      const exchange = storage.getStore();
      if (exchange === undefined) throw new Error('outside of an exchange');
      return exchange;
    },
  };
}
