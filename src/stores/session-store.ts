import type { Owner } from './owner.ts';

/** What a principal's client told of itself. */
export interface SessionClient {
  /** Client application of the token. */
  readonly clientId: string;
  /** Name the client gave in `clientInfo`, at most 100 characters: display only. */
  readonly clientName?: string;
  /** MCP protocol version of the request. */
  readonly protocolVersion?: string;
}

/** One client application of one principal, and when it was seen. */
export interface Session extends SessionClient {
  /** ISO 8601, UTC. */
  readonly firstSeen: string;
  /** ISO 8601, UTC; behind by at most the interval at which sessions are written. */
  readonly lastSeen: string;
}

/**
 * Who has used the server with which client. MCP here is stateless: a session is a record for people, nothing
 * that a request depends on.
 */
export interface SessionStore {
  /**
   * Writes that the client was seen now. The first sighting is kept, and so is what the client does not tell this time.
   */
  record(owner: Owner, client: SessionClient): Promise<void>;
  /** The owner's clients, at most 100, in no particular order. */
  list(owner: Owner): Promise<readonly Session[]>;
}
