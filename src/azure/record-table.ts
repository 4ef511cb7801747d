import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { RecordStore, StoredRecord } from '../stores/record-store.ts';
import type { Sealer } from '../stores/sealer.ts';
import { createExpiryIndex, endingRowKey, endingRowSchema, readLasting } from './expiry-index.ts';
import { retryContended } from './retry-contended.ts';
import type { Row } from './table.ts';
import type { RecordTableName, Tables } from './tables.ts';

/** Most characters of a string property: 64 KiB of UTF-16. */
const maxSealedCharacters = 32_768;

const recordRowSchema = endingRowSchema.extend({ sealed: z.string() });

export interface RecordTableOptions<T> {
  readonly name: RecordTableName;
  /** What a value must be to count when it is read. */
  readonly schema: z.ZodType<T>;
  readonly sealer: Sealer;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By its sealed form, which no two writes have in common: whether a write took effect whose answer was lost. */
function isSameWrite(found: Row | undefined, written: { readonly sealed: string }): boolean {
  return found?.sealed === written.sealed;
}

function hashId(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** From ids and values to rows and back. */
function createRecordRows<T>(
  tables: Tables,
  { name, schema, sealer, now = Date.now }: RecordTableOptions<T>,
) {
  const table = tables.table(name);
  const expiries = createExpiryIndex(tables, { now });
  const placeOf = (partitionKey: string) => `${name}/${partitionKey}`;

  return {
    /** The row to write, over the one that was read where one is given. Its entry in the index is written already. */
    async prepare(id: string, value: T, expiresAt: number, replaced?: { readonly expiresAt: number }) {
      const partitionKey = hashId(id);
      const sealed = await sealer.seal(JSON.stringify(value), placeOf(partitionKey));
      if (sealed.length > maxSealedCharacters) {
        throw new AppError('invalid_request', { detail: `${name}: a value of ${sealed.length} characters` });
      }
      await expiries.add(name, partitionKey, expiresAt, replaced);
      return { partitionKey, rowKey: endingRowKey, sealed, expiresAt: new Date(expiresAt).toISOString() };
    },

    async read(id: string): Promise<StoredRecord<T> | undefined> {
      const partitionKey = hashId(id);
      const row = readLasting(recordRowSchema, await table.get(partitionKey, endingRowKey), now());
      if (row === undefined) return undefined;
      const opened = await sealer.open(row.sealed, placeOf(partitionKey));
      if (opened === undefined) return undefined;
      const value = schema.safeParse(parseJson(opened));
      return value.success ? { value: value.data, expiresAt: row.expiresAt, version: row.etag } : undefined;
    },
  };
}

/**
 * Records in Table Storage: a partition each, by the SHA-256 of their id, with the value sealed for that place. Single
 * use is a delete on condition of the ETag that was read.
 *
 * A record that cannot be opened or is not what the schema says counts as absent for `find` and `take`: its key is gone
 * for good or somebody tampered with it, and what it stood for has to be got anew (for a grant: sign in again). A vault
 * that does not answer is no reason to say so: what the sealer throws then is passed on. Such a record keeps its place
 * against `insert` until it ends, since another instance may be able to read it.
 *
 * `take` gives a record to nobody when the answer to its delete was lost: the repeat finds nothing, and what deleted it
 * cannot be told from another caller. Values beyond 32,768 characters when sealed (about 24 KiB of JSON) are refused
 * with AppError `invalid_request`; too many writers at once end in `storage_contended`.
 */
export function createRecordTable<T>(tables: Tables, options: RecordTableOptions<T>): RecordStore<T> {
  const { name, now = Date.now } = options;
  const table = tables.table(name);
  const { prepare, read } = createRecordRows(tables, options);

  return {
    find: read,

    async insert(id, value, expiresAt) {
      const row = await prepare(id, value, expiresAt);
      return retryContended(name, async () => {
        if (await table.insert(row)) return true;
        const found = await table.get(row.partitionKey, endingRowKey);
        if (found === undefined) return undefined;
        if (isSameWrite(found, row)) return true;
        if (readLasting(endingRowSchema, found, now()) !== undefined) return false;
        return (await table.replace(row, String(found.etag))) === undefined ? undefined : true;
      });
    },

    async save(id, value, expiresAt) {
      await table.upsert(await prepare(id, value, expiresAt));
    },

    async replace(id, value, found, expiresAt = found.expiresAt) {
      const row = await prepare(id, value, expiresAt, found);
      const version = await table.replace(row, found.version);
      if (version !== undefined) return { value, expiresAt, version };
      const stored = await table.get(row.partitionKey, endingRowKey);
      return isSameWrite(stored, row) ? { value, expiresAt, version: String(stored?.etag) } : undefined;
    },

    async take(id) {
      const { taken } = await retryContended(name, async () => {
        // Opened before it is deleted, so that keys that cannot be had now cost nobody the record.
        const found = await read(id);
        if (found === undefined) return { taken: undefined };
        const won = await table.remove(hashId(id), endingRowKey, found.version);
        return won ? { taken: found.value } : undefined;
      });
      return taken;
    },

    async remove(id) {
      await table.remove(hashId(id), endingRowKey);
    },
  };
}
