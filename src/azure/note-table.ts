import { randomBytes as systemRandomBytes } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import {
  maxNotesPerPage,
  maxPageBytes,
  noteIdPattern,
  type Note,
  type NoteStore,
} from '../stores/note-store.ts';
import { deleteNote, insertNote } from './note-changes.ts';
import { partitionOf } from './owner-partition.ts';
import { parseRow, type Row, type RowRange } from './table.ts';
import type { Tables } from './tables.ts';

/** Ids count down from here, so that the service's ascending order is newest first. */
const lastMillisecond = 9_999_999_999_999;
/** Every id sorts before this one and the counter's row after it. */
const afterLastId = ':';

/** What an id may begin with. */
const idPrefixPattern = /^[0-9a-f-]{0,30}$/;

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

/** The keys that begin with the prefix, without their columns. Every character of an id sorts before a tilde. */
function toIdRange(prefix: string, limit: number): RowRange {
  return { from: prefix, before: prefix === '' ? afterLastId : `${prefix}~`, limit, select: [] };
}

function toNote(row: Row): Note {
  const { rowKey, text } = parseRow(noteRowSchema, row);
  const createdAt = new Date(lastMillisecond - Number(rowKey.slice(0, 13))).toISOString();
  return { id: rowKey, text: utf8.decode(text), createdAt };
}

/** The notes that fit into a page, the first in any case. */
function takePage(rows: readonly Row[]): Note[] {
  const notes: Note[] = [];
  let bytes = 0;
  for (const row of rows) {
    const note = toNote(row);
    bytes += Buffer.byteLength(note.text);
    if (bytes > maxPageBytes && notes.length > 0) break;
    notes.push(note);
  }
  return notes;
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
      const row = {
        partitionKey: partitionOf(owner),
        rowKey: createNoteId(now(), randomHex()),
        text: Buffer.from(text),
      };
      await insertNote(table, row);
      return toNote(row);
    },

    async list(owner, options) {
      const partitionKey = partitionOf(owner);
      const { limit } = options;
      const rows = await table.list(partitionKey, toRange(options));
      const notes = takePage(rows.slice(0, limit));
      const last = notes.at(-1);
      return { notes, ...(rows.length > notes.length && last && { nextCursor: last.id }) };
    },

    async listIds(owner, { prefix, limit }) {
      const partitionKey = partitionOf(owner);
      if (!idPrefixPattern.test(prefix)) return [];
      const rows = await table.list(partitionKey, toIdRange(prefix, limit));
      return rows.map((row) => row.rowKey).filter((id) => noteIdPattern.test(id));
    },

    async get(owner, id) {
      const partitionKey = partitionOf(owner);
      if (!noteIdPattern.test(id)) return undefined;
      const row = await table.get(partitionKey, id);
      return row && toNote(row);
    },

    async delete(owner, id) {
      const partitionKey = partitionOf(owner);
      return noteIdPattern.test(id) && deleteNote(table, { partitionKey, rowKey: id }, randomHex());
    },
  };
}
