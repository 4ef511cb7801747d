import type { TokenCredential } from '@azure/identity';
import type * as sdk from './sdk/identity.ts';
import { retryOptions } from './service-client.ts';
import { once } from '../once.ts';
import { askUnseen } from '../telemetry/observe.ts';
import type { Ask } from '../telemetry/telemetry.ts';

export interface CredentialOptions {
  /** Whether the platform offers a managed identity; otherwise the developer's own sign-in is used. */
  readonly managedIdentity: boolean;
  /** Client id of a user-assigned identity. */
  readonly clientId?: string;
}

type Identity = typeof sdk;

/** Milliseconds for one question to the platform. The library has no limit, and lets all callers wait for the first. */
export const questionMs = 4_000;

/** The SDK's own HTTP client, with an end to every request and its answer. */
function createImpatientClient({ createDefaultHttpClient }: Identity) {
  const client = createDefaultHttpClient();
  return {
    sendRequest(request: Parameters<typeof client.sendRequest>[0]) {
      const { abortSignal } = request;
      const end = AbortSignal.timeout(questionMs);
      request.abortSignal =
        abortSignal === undefined ? end : AbortSignal.any([abortSignal as AbortSignal, end]);
      return client.sendRequest(request);
    },
  };
}

async function openCredential({ managedIdentity, clientId }: CredentialOptions): Promise<TokenCredential> {
  const identity = await import('./sdk/identity.ts');
  if (!managedIdentity) {
    return new identity.ChainedTokenCredential(
      new identity.AzureCliCredential(),
      new identity.AzureDeveloperCliCredential(),
    );
  }
  return new identity.ManagedIdentityCredential({
    retryOptions,
    httpClient: createImpatientClient(identity),
    ...(clientId !== undefined && { clientId }),
  });
}

/**
 * Tokens for Azure's own services: the managed identity in the cloud, `az` or `azd` on a laptop.
 * The library is loaded with the first token, not at start: it takes longer to load than a request to answer.
 */
export function createCredential(options: CredentialOptions, ask: Ask = askUnseen): TokenCredential {
  const load = once(() => openCredential(options));
  return {
    getToken(scopes, tokenOptions) {
      return ask('token', async () => (await load()).getToken(scopes, tokenOptions));
    },
  };
}
