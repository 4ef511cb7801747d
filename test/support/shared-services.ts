import type { LocalIdentity } from '../../dev/identity-endpoint.ts';

/** What test/support/global-setup.ts has put into the environment. Throws where it has not. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is set by test/support/global-setup.ts`);
  return value;
}

/** The managed identity that all tests share. */
export function sharedIdentity(): LocalIdentity {
  return JSON.parse(required('TEST_IDENTITY')) as LocalIdentity;
}

/** Where the tables are that all tests share. */
export function sharedTablesUrl(): string {
  const [, url = ''] = /TableEndpoint=([^;]+)/.exec(required('TEST_TABLES_CONNECTION_STRING')) ?? [];
  return url;
}

/** The connection string of the same tables, reached through another server of this machine. */
export function reachTablesAt(url: string): string {
  const [from, to] = [new URL(sharedTablesUrl()).origin, new URL(url).origin];
  return required('TEST_TABLES_CONNECTION_STRING').replace(from, to);
}
