import type { OAuthStores, Payload } from './stores.ts';

/** How long a redemption may be on its way, milliseconds: longer, and it has died. */
const onItsWayMs = 60_000;

/**
 * Whether a code is being redeemed at this moment. Another redemption is then one of several at once, of which one is to
 * win; only when that one has its answer is another a replay, which ends the grant (RFC 6749 section 4.1.2).
 */
export function isBeingRedeemed({ consumed, answered }: Payload, now: number): boolean {
  return typeof consumed === 'number' && answered === undefined && now - consumed * 1_000 <= onItsWayMs;
}

/** Authorization codes whose tokens are on their way to the client. */
export interface RedeemedCodes {
  /** From now on, using the code again is a replay. */
  answer(code: string): Promise<void>;
}

export function createRedeemedCodes(store: OAuthStores['codes']): RedeemedCodes {
  return {
    async answer(code) {
      const record = await store.find(code);
      if (record !== undefined) await store.replace(code, { ...record.value, answered: true }, record);
    },
  };
}
