import { decodeJwt } from 'jose';
import * as z from 'zod';
import type { Account } from './account.ts';

/** Whose a token is. */
export type Holder = Pick<Account, 'tenantId' | 'objectId'>;

/** The `sub` of this server's tokens, by which oidc-provider knows a person, too. */
export function nameHolder({ tenantId, objectId }: Holder): string {
  return `${tenantId}.${objectId}`;
}

/** The inverse of `nameHolder`. */
export function parseHolder(name: string): Holder {
  const [tenantId = '', objectId = ''] = name.split('.');
  return { tenantId, objectId };
}

const claimsSchema = z.object({ sub: z.string() });

/** Whose an access token is that this server has just issued: it is read, and not verified. */
export function readHolder(accessToken: string): Holder {
  return parseHolder(claimsSchema.parse(decodeJwt(accessToken)).sub);
}
