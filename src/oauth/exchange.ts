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
}

export function createExchanges(): Exchanges {
  const storage = new AsyncLocalStorage<Exchange>();
  return {
    run: (address, work) => storage.run({ address }, work),
    current() {
      const exchange = storage.getStore();
      if (exchange === undefined) throw new Error('outside of an exchange');
      return exchange;
    },
  };
}
