import { documentClients } from './documents.ts';
import { listedClients } from './listed.ts';
import { registeringClients } from './registrations.ts';

/**
 * How a client goes about a sign-in. Made up from what is known of it (the metadata too), not recorded: each has the
 * traits that servers stumbled over.
 */
export interface ClientHabits {
  /** The `scope` parameter; the client sends none where absent. `{scope}` stands for the server's own scope. */
  readonly scope?: string;
  /** Whether it sends `resource`, in the authorization request and to the token endpoint. */
  readonly sendsResource: boolean;
  /** What else it sends in the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface ClientFixture {
  readonly name: string;
  readonly registers: 'document' | 'registration' | 'listed';
  /** The document, the body of the registration, or the operator's entry. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of the document's answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What it signs in with; on loopback with the port of the moment. */
  readonly redirectUri: string;
  readonly habits: ClientHabits;
}

/** A client for each row of the table of clients that the server must serve, and for each way that it registers. */
export const clientFixtures: readonly ClientFixture[] = [
  ...documentClients,
  ...registeringClients,
  ...listedClients,
];

/** The URL of a document client's document. */
export function documentUrl({ metadata }: ClientFixture): string {
  return String(metadata.client_id);
}
