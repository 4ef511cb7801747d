import type { TransactionAction } from '@azure/data-tables';
import { maxNotesPerOwner, NoteLimitError } from '../stores/note-store.ts';
import { readCounter, setCount } from './note-counter.ts';
import { retryContended } from './retry-contended.ts';
import type { Row, Table } from './table.ts';

/**
 * Inserts a note and counts it, in one transaction. The row's key must be new.
 * @throws NoteLimitError, AppError `storage_contended`
 */
export async function insertNote(table: Table, row: Row): Promise<void> {
  const { partitionKey, rowKey } = row;
  await retryContended('notes', async () => {
    const counter = await readCounter(table, partitionKey);
    const count = counter?.count ?? 0;
    if (count >= maxNotesPerOwner) throw new NoteLimitError('The owner has as many notes as allowed.');
    const saved =
      (await table.transact([setCount(partitionKey, counter, count + 1, rowKey), ['create', row]])) ||
      // Refused, but perhaps only because a try whose answer was lost had done it.
      (await table.get(partitionKey, rowKey)) !== undefined;
    return saved || undefined;
  });
}

/**
 * Deletes a note and counts it off, in one transaction; false when there was none.
 * @param change a name for this change that no other has
 * @throws AppError `storage_contended`
 */
export async function deleteNote(table: Table, key: Row, change: string): Promise<boolean> {
  const { partitionKey, rowKey } = key;
  return retryContended('notes', async () => {
    const counter = await readCounter(table, partitionKey);
    const count = Math.max((counter?.count ?? 0) - 1, 0);
    const deletion: TransactionAction = ['delete', { partitionKey, rowKey }];
    if (await table.transact([setCount(partitionKey, counter, count, change), deletion])) return true;
    if ((await table.get(partitionKey, rowKey)) !== undefined) return undefined;
    // Gone: by another hand, or by a try of this one whose answer was lost.
    return (await readCounter(table, partitionKey))?.change === change;
  });
}
