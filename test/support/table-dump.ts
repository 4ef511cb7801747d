import { TableClient } from '@azure/data-tables';
import { tableNames, type TableName } from '../../src/azure/tables.ts';

export type DumpedRow = Readonly<Record<string, unknown>>;

/** The service's own view of a table on this machine, for looking and for tampering. */
export function openTable(connectionString: string, name: string): TableClient {
  return TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
}

/** The rows of a table, as Table Storage has them: keys, columns and what the service adds. */
export async function dumpTable(table: TableClient, filter?: string): Promise<DumpedRow[]> {
  const rows: DumpedRow[] = [];
  const queryOptions = filter === undefined ? {} : { filter };
  for await (const row of table.listEntities({ queryOptions })) rows.push(row);
  return rows;
}

/** A table of a server. */
export function openTableOf(environment: NodeJS.ProcessEnv, name: TableName): TableClient {
  const { TABLES_CONNECTION_STRING = '', TABLE_PREFIX = '' } = environment;
  return openTable(TABLES_CONNECTION_STRING, TABLE_PREFIX + name);
}

/** Every row of every table of a server. */
export async function dumpTables(environment: NodeJS.ProcessEnv): Promise<Record<TableName, DumpedRow[]>> {
  const dumped = await Promise.all(
    tableNames.map(async (name) => [name, await dumpTable(openTableOf(environment, name))] as const),
  );
  return Object.fromEntries(dumped) as Record<TableName, DumpedRow[]>;
}
