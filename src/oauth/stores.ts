import * as z from 'zod';
import type { RecordStore } from '../stores/record-store.ts';

/** What oidc-provider keeps of one of its models. */
export const payloadSchema = z.record(z.string(), z.unknown());
export type Payload = z.infer<typeof payloadSchema>;

/** A grant: what oidc-provider knows of it, and the account at Entra behind it. */
export const grantSchema = z.object({
  payload: payloadSchema,
  upstream: z
    .object({
      account: z.object({
        tenantId: z.string(),
        objectId: z.string(),
        name: z.string().exactOptional(),
        username: z.string().exactOptional(),
        scopes: z.array(z.string()),
        roles: z.array(z.string()),
      }),
      refreshToken: z.string(),
      /** When Entra last confirmed the account, milliseconds since the epoch. */
      confirmedAt: z.number(),
      /** Until when one instance alone may ask Entra, milliseconds since the epoch. */
      leasedUntil: z.number(),
    })
    .exactOptional(),
});
export type GrantRecord = z.infer<typeof grantSchema>;

/** A sign-in on its way through Entra, by its `state`. */
export const upstreamSignInSchema = z.object({
  requestId: z.string(),
  codeVerifier: z.string(),
  nonce: z.string(),
  /** SHA-256 of the secret in the cookie of the browser that pressed Allow, base64url. */
  browser: z.string(),
});
export type UpstreamSignIn = z.infer<typeof upstreamSignInSchema>;

/** An approval that a person asked to be remembered, by browser, client, redirect URI and scopes. */
export const consentSchema = z.literal('allowed');
export type Consent = z.infer<typeof consentSchema>;

/** The answer that a refresh token was exchanged for, by that token, for repeats within the grace. */
export const replySchema = z.object({ sealed: z.string() });
export type Reply = z.infer<typeof replySchema>;

/** The state of the authorization server. Each is a table of its own. */
export interface OAuthStores {
  readonly clients: RecordStore<Payload>;
  /** Authorization requests that wait for the person, and the ids of client assertions that were used. */
  readonly requests: RecordStore<Payload>;
  readonly signIns: RecordStore<UpstreamSignIn>;
  readonly codes: RecordStore<Payload>;
  readonly grants: RecordStore<GrantRecord>;
  readonly refreshTokens: RecordStore<Payload>;
  readonly consents: RecordStore<Consent>;
  readonly replies: RecordStore<Reply>;
}
