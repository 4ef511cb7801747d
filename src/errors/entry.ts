/** What the catalogue says of an error. */
export interface CatalogueEntry {
  /** HTTP status. */
  readonly status: number;
  /** OAuth error code (RFC 6750 section 3.1, RFC 6749 sections 4.1.2.1 and 5.2); absent where OAuth has none to give. */
  readonly oauth?: string;
  /** JSON-RPC code for endpoints that answer in JSON-RPC; -32000 where absent. */
  readonly rpc?: number;
  readonly message: string;
  /** Seconds for Retry-After. */
  readonly retryAfter?: number;
  /** The detail is for the caller too: it says by names and positions what in the request was wrong. */
  readonly showsDetail?: true;
}
