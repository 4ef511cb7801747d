import { randomBytes as systemRandomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TransactionAction } from '@azure/data-tables';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import {
  maxNotesPerOwner,
  maxNotesPerPage,
  noteIdPattern,
  NoteLimitError,
  type Note,
  type NoteStore,
} from '../stores/note-store.ts';
import { readCounter, setCount } from './note-counter.ts';
import { partitionOf } from './owner-partition.ts';
import { parseRow, type Row, type RowRange } from './table.ts';
import type { Tables } from './tables.ts';

/** Ids count down from here, so that the service's ascending order is newest first. */
const lastMillisecond = 9_999_999_999_999;
/** Every id sorts before this one and the counter's row after it. */
const afterLastId = ':';
const maxAttempts = 12;

const noteRowSchema = z.object({
  rowKey: z.string().regex(noteIdPattern),
  text: z.instanceof(Uint8Array),
});

const pageSchema = z.object({
  limit: z.int().min(1).max(maxNotesPerPage),
  cursor: z.string().regex(noteIdPattern).optional(),
});

// Bytes, because a binary property gives back every character as it came, and 16,384 characters of UTF-8 always fit
// into its 64 KiB.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function createNoteId(millisecond: number, randomHex: string): string {
  return `${String(lastMillisecond - millisecond).padStart(13, '0')}-${randomHex}`;
}

/** The rows of a page and one more, which tells whether another page follows. */
function toRange(options: Parameters<NoteStore['list']>[1]): RowRange {
  const page = pageSchema.safeParse(options);
  if (!page.success) throw new AppError('invalid_request', { detail: 'notes: no such page' });
  const { limit, cursor } = page.data;
  return { ...(cursor !== undefined && { after: cursor }), before: afterLastId, limit: limit + 1 };
}

function toNote(row: Row): Note {
  const { rowKey, text } = parseRow(noteRowSchema, row);
  const createdAt = new Date(lastMillisecond - Number(rowKey.slice(0, 13))).toISOString();
  return { id: rowKey, text: utf8.decode(text), createdAt };
}

/** Tries until there is a result: undefined means that another writer of the same owner came first. */
async function retryContended<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
    await delay(Math.random() * Math.min(10 * 2 ** attempts, 500));
  }
  throw new AppError('storage_contended', { detail: `notes: ${maxAttempts} attempts` });
}

export interface NoteTableOptions {
  readonly now?: () => number;
  readonly randomBytes?: (size: number) => Buffer;
}

/**
 * Notes in Table Storage: one partition an owner, with a row for each note and one that counts them. Every change is
 * one transaction with the counter, on condition that it has not changed since it was read: the limit holds whoever
 * else writes, and what a change costs does not depend on the number of notes.
 */
export function createNoteTable(
  tables: Tables,
  { now = Date.now, randomBytes = systemRandomBytes }: NoteTableOptions = {},
): NoteStore {
  const table = tables.table('Notes');
  const randomHex = () => randomBytes(8).toString('hex');

  return {
    async save(owner, text) {
      const partitionKey = partitionOf(owner);
      const id = createNoteId(now(), randomHex());
      const row = { partitionKey, rowKey: id, text: Buffer.from(text) };
      return retryContended(async () => {
        const counter = await readCounter(table, partitionKey);
        const count = counter?.count ?? 0;
        if (count >= maxNotesPerOwner) throw new NoteLimitError('The owner has as many notes as allowed.');
        const saved =
          (await table.transact([setCount(partitionKey, counter, count + 1, id), ['create', row]])) ||
          // Refused, but perhaps only because a try whose answer was lost had done it.
          (await table.get(partitionKey, id)) !== undefined;
        return saved ? toNote(row) : undefined;
      });
    },

    async list(owner, options) {
      const partitionKey = partitionOf(owner);
      const { limit } = options;
      const rows = await table.list(partitionKey, toRange(options));
      const notes = rows.slice(0, limit).map(toNote);
      const last = notes.at(-1);
      return { notes, ...(rows.length > limit && last && { nextCursor: last.id }) };
    },

    async get(owner, id) {
      const partitionKey = partitionOf(owner);
      if (!noteIdPattern.test(id)) return undefined;
      const row = await table.get(partitionKey, id);
      return row && toNote(row);
    },

    async delete(owner, id) {
      const partitionKey = partitionOf(owner);
      if (!noteIdPattern.test(id)) return false;
      const change = randomHex();
      return retryContended(async () => {
        const counter = await readCounter(table, partitionKey);
        const count = Math.max((counter?.count ?? 0) - 1, 0);
        const deletion: TransactionAction = ['delete', { partitionKey, rowKey: id }];
        if (await table.transact([setCount(partitionKey, counter, count, change), deletion])) return true;
        if ((await table.get(partitionKey, id)) !== undefined) return undefined;
        // Gone: by another hand, or by a try of this one whose answer was lost.
        return (await readCounter(table, partitionKey))?.change === change;
      });
    },
  };
}
