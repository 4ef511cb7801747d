import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Provider } from 'oidc-provider';
import type { SigningKeys } from '../auth/signing-keys.ts';
import { AppError, toAppError } from '../errors.ts';
import { createNodeBridge, type Bridge } from './node-bridge.ts';
import type * as providerModule from './provider.ts';

/** What the provider's callbacks may know of the request they are called for. */
export interface Exchange {
  /** Whose request it is, for limits. */
  readonly address: string;
  /** The failure behind an answer of the library, which knows no failures of ours. */
  failure?: unknown;
}

export interface RunningProvider {
  readonly provider: Provider;
  /** As the bridge of node-bridge.ts, but a failure of ours is thrown instead of being answered. */
  readonly call: (address: string, ...request: Parameters<Bridge>) => Promise<Response>;
  /** Runs what uses the provider's models for whoever asks from this address. */
  readonly run: <T>(address: string, work: () => Promise<T>) => Promise<T>;
}

export interface ProviderSource {
  /** The provider with today's keys; a new version of the signing key makes a new one beside those still answering. */
  current(): Promise<RunningProvider>;
  /** The exchange that runs now. */
  exchange(): Exchange;
}

type Create = (
  options: Pick<providerModule.ProviderOptions, 'keys'>,
  exchange: () => Exchange,
  module: typeof providerModule,
) => Provider;

/** What the library tells of an answer that is not a success, with the error that led to it. */
const failureEvents = [
  'server_error',
  'authorization.error',
  'grant.error',
  'registration_create.error',
  'revocation.error',
] as const;

/** Deeper than the library wraps. */
const maxCauses = 5;

/** The failure of ours that is behind an error, however the library wrapped it; its own refusals are none. */
export function findFailure(error: unknown): AppError | undefined {
  let candidate = error;
  for (let depth = 0; depth < maxCauses && candidate instanceof Error; depth += 1) {
    if (candidate instanceof AppError) return candidate;
    candidate = candidate.cause;
  }
  return undefined;
}

/** Makes providers as they are needed. oidc-provider is loaded with the first. */
export function createProviderSource(
  keys: SigningKeys,
  publicBaseUrl: string,
  create: Create,
): ProviderSource {
  const exchanges = new AsyncLocalStorage<Exchange>();
  let latest: { readonly id: string; readonly running: Promise<RunningProvider> } | undefined;

  function exchange(): Exchange {
    return exchanges.getStore() ?? { address: 'unknown' };
  }

  function watch(provider: EventEmitter): void {
    for (const event of failureEvents) {
      provider.on(event, (_ctx: unknown, error: unknown) => {
        exchange().failure ??= findFailure(error) ?? (event === 'server_error' ? error : undefined);
      });
    }
  }

  async function start(privateKeys: providerModule.ProviderOptions['keys']): Promise<RunningProvider> {
    const provider = create({ keys: privateKeys }, exchange, await import('./provider.ts'));
    watch(provider);
    const bridge = createNodeBridge(provider.callback(), publicBaseUrl);
    return {
      provider,
      run: (address, work) => exchanges.run({ address }, work),
      async call(address, ...request) {
        const own: Exchange = { address };
        const response = await exchanges.run(own, () => bridge(...request));
        if (own.failure !== undefined) throw toAppError(own.failure);
        return response;
      },
    };
  }

  return {
    exchange,
    async current() {
      const privateKeys = await keys.privateKeys();
      const id = privateKeys.map(({ kid }) => kid).join(' ');
      if (latest?.id !== id) {
        const started = { id, running: start(privateKeys) };
        latest = started;
        // A start that failed must not stay.
        started.running.catch(() => {
          if (latest === started) latest = undefined;
        });
      }
      return latest.running;
    },
  };
}
