import { createHash } from 'node:crypto';
import type { SignInRequest } from './interactions.ts';
import { describeTarget } from './consent-target.ts';
import type { OAuthStores } from './stores.ts';

/** Approvals that a person asked to be remembered in their browser. */
export interface ConsentMemory {
  /**
   * Whether the identity of the client is sure enough: it registered for itself, so that its id is its own, or the
   * answer goes to a host. The id of a published document or a listed client on this device is anybody's.
   */
  offers(request: SignInRequest): boolean;
  remember(browserId: string, request: SignInRequest): Promise<void>;
  /** Whether this browser allowed exactly this: client, redirect URI and scopes. */
  recalls(browserId: string, request: SignInRequest): Promise<boolean>;
}

const lifeMs = 30 * 24 * 60 * 60 * 1_000;

function keyOf(browserId: string, { client, redirectUri, scopes }: SignInRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([browserId, client.id, redirectUri, [...scopes].sort()]))
    .digest('base64url');
}

export function createConsentMemory(
  store: OAuthStores['consents'],
  { now }: { readonly now: () => number },
): ConsentMemory {
  function offers({ client, redirectUri }: SignInRequest): boolean {
    return client.kind === 'registered' || describeTarget(redirectUri).kind === 'web';
  }

  return {
    offers,
    async remember(browserId, request) {
      await store.save(keyOf(browserId, request), 'allowed', now() + lifeMs);
    },
    async recalls(browserId, request) {
      return offers(request) && (await store.find(keyOf(browserId, request))) !== undefined;
    },
  };
}
