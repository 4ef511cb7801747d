import type { TableClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { refuseStrangers, retryOptions } from './service-client.ts';
import { callStorage } from './storage-call.ts';
import { createTable, type Sdk, type Table, type TableCall } from './table.ts';

/** Tables of the MCP server itself. */
export const mcpTableNames = ['Notes', 'Sessions'] as const;
/** Tables of records that end by themselves, of the authorization server. */
export const recordTableNames = [
  'Clients',
  'Requests',
  'SignIns',
  'Codes',
  'Grants',
  'RefreshTokens',
  'Consents',
  'Replies',
] as const;
export type RecordTableName = (typeof recordTableNames)[number];

/** Every table of this server, without the configured prefix. The infrastructure creates the same ones. */
export const tableNames = [...mcpTableNames, ...recordTableNames, 'Limits', 'Expiries'] as const;
export type TableName = (typeof tableNames)[number];

export interface Tables {
  table(name: TableName): Table;
  /** Creates the tables that are used and missing: for the local start. In the cloud the infrastructure does. */
  ensureTables(): Promise<void>;
  /** Resolves when every table that is used answers. */
  ping(): Promise<void>;
}

/** Deadline of an operation unless told otherwise, milliseconds. */
export const operationDeadlineMs = 5_000;

export interface TablesOptions {
  /** Needed with a URL; a connection string brings its own key. */
  readonly credential?: TokenCredential;
  /** Milliseconds for one operation, its retries included. */
  readonly deadlineMs?: number;
  /** The tables that are used; all of them unless given. */
  readonly names?: readonly TableName[];
}

type Connect = (sdk: Sdk, table: string) => TableClient;

function createClientOptions(table: string) {
  return {
    retryOptions,
    additionalPolicies: refuseStrangers(
      (detail) => new AppError('storage_unavailable', { detail: `${table}: ${detail}` }),
    ),
  };
}

function connectWithString(connectionString: string): Connect {
  return function connect({ TableClient }, table) {
    try {
      // Azurite's endpoints are http; whether to use it is for the connection string to say.
      const options = { ...createClientOptions(table), allowInsecureConnection: true };
      return TableClient.fromConnectionString(connectionString, table, options);
    } catch (cause) {
      throw new AppError('misconfigured', { detail: 'TABLES_CONNECTION_STRING cannot be read', cause });
    }
  };
}

function chooseConnection(
  { url, connectionString }: Config['tables'],
  credential?: TokenCredential,
): Connect {
  if (connectionString !== undefined) return connectWithString(connectionString);
  if (url?.startsWith('https:') && credential !== undefined) {
    return ({ TableClient }, table) => new TableClient(url, table, credential, createClientOptions(table));
  }
  throw new AppError('misconfigured', { detail: 'TABLES_URL must be https, as a token is sent to it' });
}

/**
 * The server's tables. Nothing is opened before the first operation, and the SDK is loaded with it: loading takes
 * longer than a cold start can spare.
 * @throws AppError `misconfigured` when there is no way to sign in
 */
export function createTables(
  config: Config['tables'],
  { credential, deadlineMs = operationDeadlineMs, names = tableNames }: TablesOptions = {},
): Tables {
  const connect = chooseConnection(config, credential);

  function createCall(table: string): TableCall {
    let client: TableClient | undefined;
    return async (operation) => {
      // To load libraries is none of the storage's time: its own, and the one that asks for its tokens.
      const sdk = await import('./sdk/data-tables.ts');
      if (config.connectionString === undefined) await import('./sdk/identity.ts');
      const opened = (client ??= connect(sdk, table));
      return callStorage(table, deadlineMs, (abortSignal) => operation(opened, abortSignal, sdk));
    };
  }

  const calls = Object.fromEntries(
    tableNames.map((name) => [name, createCall(`${config.prefix}${name}`)]),
  ) as Record<TableName, TableCall>;
  const used = names.map((name) => calls[name]);

  return {
    table: (name) => createTable(calls[name]),
    async ensureTables() {
      await Promise.all(
        used.map((call) => call((client, abortSignal) => client.createTable({ abortSignal }))),
      );
    },
    async ping() {
      // A row that never exists: the cheapest question that shows both the table and the right to read it.
      await Promise.all(used.map((call) => createTable(call).get('ping', 'ping')));
    },
  };
}
