import * as z from 'zod';
import { graceSeconds } from './adapter.ts';
import type { OAuthStores } from './stores.ts';
import type { TokenSealer } from './token-sealer.ts';

const replySchema = z.looseObject({ refresh_token: z.string() });

/** The body of a token response (RFC 6749 section 5.1). */
export type TokenReply = z.infer<typeof replySchema>;

export function parseTokenReply(body: string): TokenReply {
  return replySchema.parse(JSON.parse(body));
}

export interface RefreshGraceOptions {
  readonly stores: Pick<OAuthStores, 'refreshTokens' | 'replies'>;
  readonly sealer: TokenSealer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a repeated exchange ends in: the reply that everyone gets, or the family's end. */
export type Settlement = { readonly reply: TokenReply } | { readonly reusedGrantId: string };

export interface RefreshGrace {
  /**
   * Settles on one reply for a refresh token, however often and wherever it was exchanged within the grace. Undefined
   * when the token is gone by now.
   * @param presented the refresh token that was exchanged, and that oidc-provider accepted from this client
   * @param reply what oidc-provider gave for it this time
   */
  settle(presented: string, reply: TokenReply): Promise<Settlement | undefined>;
}

/**
 * A client whose answer was lost asks again with the token it has. oidc-provider would see a stolen token; here, for
 * a minute, whoever repeats the exchange gets the reply of the first (OAuth 2.1 section 4.3.1 leaves that to the server).
 * Every exchange runs in full and the first to write its reply wins, so nobody waits for anybody who may have crashed.
 */
export function createRefreshGrace({ stores, sealer, now }: RefreshGraceOptions): RefreshGrace {
  const { refreshTokens, replies } = stores;

  async function isUsed(refreshToken: string): Promise<boolean> {
    const record = await refreshTokens.find(refreshToken);
    return record === undefined || 'consumed' in record.value;
  }

  return {
    async settle(presented, reply) {
      const grantId = z.string().safeParse((await refreshTokens.find(presented))?.value.grantId).data;
      if (grantId === undefined) return undefined;
      const sealed = await sealer.seal(JSON.stringify(reply), presented);
      // Longer than the grace, by as much as an exchange that began in it may take.
      const end = now() + 2 * graceSeconds * 1_000;
      if (await replies.insert(presented, { sealed }, end)) return { reply };
      const [winner] = await Promise.all([
        replies.find(presented),
        refreshTokens.remove(reply.refresh_token),
      ]);
      if (winner === undefined) return undefined;
      const opened = await sealer.open(winner.value.sealed, presented);
      const first = opened === undefined ? undefined : parseTokenReply(opened);
      // Only the immediate predecessor may be repeated: whoever holds the successor has gone on.
      if (first === undefined || (await isUsed(first.refresh_token))) return { reusedGrantId: grantId };
      return { reply: first };
    },
  };
}
