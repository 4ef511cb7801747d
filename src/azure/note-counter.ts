import type { TransactionAction } from '@azure/data-tables';
import * as z from 'zod';
import { parseRow, type Table } from './table.ts';

/** Sorts after every note id, in the same partition. */
const counterKey = 'count';

const counterSchema = z.object({
  count: z.int(),
  /** Names the change that wrote the counter last, by which its author knows it after a lost answer. */
  change: z.string(),
  etag: z.string(),
});
type Counter = z.infer<typeof counterSchema>;

/** The owner's counter, undefined before the first note. */
export async function readCounter(table: Table, partitionKey: string): Promise<Counter | undefined> {
  const row = await table.get(partitionKey, counterKey);
  return row && parseRow(counterSchema, row);
}

/** The part of a transaction that sets the counter, on condition that it still is as it was read. */
export function setCount(
  partitionKey: string,
  read: Counter | undefined,
  count: number,
  change: string,
): TransactionAction {
  const row = { partitionKey, rowKey: counterKey, count, change };
  return read === undefined ? ['create', row] : ['update', row, 'Replace', { etag: read.etag }];
}
