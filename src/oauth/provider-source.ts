import type { EventEmitter } from 'node:events';
import type { Provider } from 'oidc-provider';
import type { SigningKeys } from '../auth/signing-keys.ts';
import { AppError, toAppError } from '../errors.ts';
import type { Exchanges } from './exchange.ts';
import { parseHolder } from './holder.ts';
import { createNodeBridge, type Bridge } from './node-bridge.ts';
import type * as providerModule from './provider.ts';

/** Its models and its callback belong to the exchange in which they are called. */
export interface RunningProvider {
  readonly provider: Provider;
  /** As the bridge of node-bridge.ts, but a failure of ours is thrown instead of being answered. */
  readonly call: Bridge;
}

export interface ProviderSource {
  /** The provider with today's keys; a new version of the signing key makes a new one beside those still answering. */
  current(): Promise<RunningProvider>;
}

export interface ProviderSourceOptions {
  readonly keys: SigningKeys;
  readonly publicBaseUrl: string;
  readonly exchanges: Exchanges;
  readonly create: (
    options: Pick<providerModule.ProviderOptions, 'keys'>,
    module: typeof providerModule,
  ) => Provider;
}

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
export function createProviderSource({
  keys,
  publicBaseUrl,
  exchanges,
  create,
}: ProviderSourceOptions): ProviderSource {
  let latest: { readonly id: string; readonly running: Promise<RunningProvider> } | undefined;

  function watch(provider: EventEmitter): void {
    for (const event of failureEvents) {
      provider.on(event, (_ctx: unknown, error: unknown) => {
        exchanges.current().failure ??= findFailure(error) ?? (event === 'server_error' ? error : undefined);
      });
    }
    // The library ends one where a client revokes it, and nowhere else.
    provider.on('refresh_token.destroyed', ({ accountId }: { accountId: string }) => {
      exchanges.current().ended = parseHolder(accountId);
    });
  }

  async function start(privateKeys: providerModule.ProviderOptions['keys']): Promise<RunningProvider> {
    const provider = create({ keys: privateKeys }, await import('./provider.ts'));
    watch(provider);
    const bridge = createNodeBridge(provider.callback(), publicBaseUrl);
    return {
      provider,
      async call(...request) {
        const response = await bridge(...request);
        const { failure } = exchanges.current();
        if (failure !== undefined) throw toAppError(failure);
        return response;
      },
    };
  }

  return {
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
