/**
 * Whose data a row is. Always taken from a verified token, never from anything the client sends,
 * so a store's caller cannot name somebody else.
 */
export interface Owner {
  /** Entra tenant id, a GUID. */
  readonly tenantId: string;
  /** Entra object id of the user or the application, a GUID. */
  readonly objectId: string;
}
