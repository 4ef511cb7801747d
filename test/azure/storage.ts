import type { TableClient } from '@azure/data-tables';
import { startAzurite, type Azurite } from '../../dev/azurite.ts';
import { createTables, type TableName, type Tables } from '../../src/azure/tables.ts';
import { openTable } from '../support/table-dump.ts';

const prefix = 'test';

export interface TestStorage {
  readonly azurite: Azurite;
  readonly tables: Tables;
  /** The same tables, reached through another address. */
  tablesAt(tablesUrl: string, deadlineMs?: number): Tables;
  /** The service's own view of a table, for looking and for tampering. */
  inspect(name: TableName): TableClient;
}

/** Azurite of its own, with every table made. */
export async function startStorage(): Promise<TestStorage> {
  const azurite = await startAzurite();
  const tablesAt = (tablesUrl: string, deadlineMs = 5_000) => {
    const connectionString = azurite.connectionString.replace(azurite.tablesUrl, tablesUrl);
    return createTables({ connectionString, prefix }, { deadlineMs });
  };
  const tables = tablesAt(azurite.tablesUrl);
  await tables.ensureTables();
  return {
    azurite,
    tables,
    tablesAt,
    inspect: (name) => openTable(azurite.connectionString, `${prefix}${name}`),
  };
}
