import type { KindOf } from './client-kinds.ts';
import type { OAuthStores } from './stores.ts';

const day = 24 * 60 * 60 * 1_000;

/** Clients that registered themselves (RFC 7591). */
export interface RegisteredClients {
  /** Prolongs the life of a client that was used: it must outlive the tokens it has. Others are left alone. */
  keep(clientId: string): Promise<void>;
}

export interface RegisteredClientsOptions {
  /** How long a client's longest-lived token lives. */
  readonly tokenSeconds: number;
  readonly kindOf: KindOf;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createRegisteredClients(
  store: OAuthStores['clients'],
  { tokenSeconds, kindOf, now }: RegisteredClientsOptions,
): RegisteredClients {
  return {
    async keep(clientId) {
      if (kindOf(clientId) !== 'registered') return;
      const record = await store.find(clientId);
      const end = now() + tokenSeconds * 1_000 + 30 * day;
      // Once a day is enough: most calls find nothing to do.
      if (record === undefined || record.expiresAt > end - day) return;
      await store.replace(clientId, record.value, record, end);
    },
  };
}
