import { TableClient } from '@azure/data-tables';
import { startAzurite, type Azurite } from '../../dev/azurite.ts';
import type { tableNames } from '../../src/azure/tables.ts';
import { createTables, type Tables } from '../../src/azure/tables.ts';

const prefix = 'test';

export interface TestStorage {
  readonly azurite: Azurite;
  readonly tables: Tables;
  /** The same tables, reached through another address. */
  tablesAt(tablesUrl: string, deadlineMs?: number): Tables;
  /** The service's own view of a table, for looking and for tampering. */
  inspect(name: (typeof tableNames)[number]): TableClient;
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
    inspect: (name) =>
      TableClient.fromConnectionString(azurite.connectionString, `${prefix}${name}`, {
        allowInsecureConnection: true,
      }),
  };
}
