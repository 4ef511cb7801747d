import { TableClient } from '@azure/data-tables';
import { tableNames, type TableName } from '../../src/azure/tables.ts';

export type DumpedRow = Readonly<Record<string, unknown>>;

/** Every row of every table of a server, as Table Storage has it: keys, columns and what the service adds. */
export async function dumpTables(environment: NodeJS.ProcessEnv): Promise<Record<TableName, DumpedRow[]>> {
  const { TABLES_CONNECTION_STRING = '', TABLE_PREFIX = '' } = environment;
  const dumped = await Promise.all(
    tableNames.map(async (name) => {
      const client = TableClient.fromConnectionString(TABLES_CONNECTION_STRING, TABLE_PREFIX + name, {
        allowInsecureConnection: true,
      });
      const rows: DumpedRow[] = [];
      for await (const row of client.listEntities()) rows.push(row);
      return [name, rows] as const;
    }),
  );
  return Object.fromEntries(dumped) as Record<TableName, DumpedRow[]>;
}
