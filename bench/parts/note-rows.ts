import type { TransactionAction } from '@azure/data-tables';
import { homeTenant } from '../../dev/entra/directory.ts';
import { partitionOf } from '../../src/azure/owner-partition.ts';
import type { Tables } from '../../src/azure/tables.ts';

/** A user's object id, by number. */
export function objectIdOf(user: number): string {
  return `b0000000-0000-4000-8000-${String(user).padStart(12, '0')}`;
}

const text = Buffer.from('A note as people write them, of two hundred characters. '.padEnd(200, '.'));

/** The rows of a user who has saved that many notes, as docs/storage-schema.md has them. */
function describeRows(user: number, notes: number): TransactionAction[] {
  const partitionKey = partitionOf({ tenantId: homeTenant.id, objectId: objectIdOf(user) });
  const saved = Array.from({ length: notes }, (_, index): TransactionAction => {
    const rowKey = `${8_000_000_000_000 + index}-0123456789abcdef`;
    return ['create', { partitionKey, rowKey, text }];
  });
  return [...saved, ['create', { partitionKey, rowKey: 'count', count: notes, change: 'bench' }]];
}

/** Users whose rows are written at the same time. */
const writers = 8;
/** What Table Storage takes in one transaction. */
const maxActions = 100;

/** Gives that many notes to each user, through the storage's own protocol and past the server. */
export async function writeNotes(tables: Tables, users: readonly number[], notes: number): Promise<void> {
  const table = tables.table('Notes');
  const waiting = [...users];
  const work = async () => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      const actions = describeRows(user, notes);
      for (let at = 0; at < actions.length; at += maxActions) {
        const written = await table.transact(actions.slice(at, at + maxActions));
        if (!written) throw new Error(`the notes of user ${user} were there already`);
      }
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
}
