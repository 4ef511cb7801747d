import type { Principal } from '../auth/principal.ts';

/** Who signed in at Entra, as the access token for this API says that Entra gave to the proxy. */
export interface Account {
  /** `tid` and `oid`, lower-case GUIDs. */
  readonly tenantId: string;
  readonly objectId: string;
  /** For display only. */
  readonly name?: string;
  /** For display only. */
  readonly username?: string;
  /** Delegated scopes of this API, short names. */
  readonly scopes: readonly string[];
  /** App roles of the user. */
  readonly roles: readonly string[];
}

/** The account behind a user's verified access token. */
export function toAccount({ tenantId, objectId, name, username, scopes, roles }: Principal): Account {
  return {
    tenantId,
    objectId,
    ...(name !== undefined && { name }),
    ...(username !== undefined && { username }),
    scopes,
    roles,
  };
}

/** Whether both are the same person: names, scopes and roles may change. */
export function isSameAccount(one: Account, other: Account): boolean {
  return one.tenantId === other.tenantId && one.objectId === other.objectId;
}
