/** Who a request acts for, as its verified token says. */
export interface Principal {
  /** A user (a delegated token) or an application (client credentials). */
  readonly kind: 'user' | 'application';
  /** Entra tenant id (`tid`), a GUID. */
  readonly tenantId: string;
  /** Object id (`oid`) of the user or of the application's service principal, a GUID. */
  readonly objectId: string;
  /**
   * Client that the token was issued to: an application at Entra (`azp` or `appid`), or a client of this server
   * (`client_id`), which may be a URL.
   */
  readonly clientId: string;
  /** Delegated scopes (`scp`, or `scope` of this server's tokens); empty for an application. */
  readonly scopes: readonly string[];
  /** App roles (`roles`). */
  readonly roles: readonly string[];
  /** For display only: it can change and be chosen, so it identifies nobody. */
  readonly name?: string;
  /** For display only, like `name`. */
  readonly username?: string;
  /** End of the token's life, seconds since the epoch. */
  readonly expiresAt: number;
}
