import * as z from 'zod';
import type { Row } from './table.ts';
import type { RecordTableName, Tables } from './tables.ts';

/** RowKey of everything that the index points to. */
export const endingRowKey = 'record';

/** A table whose rows end: one row a partition, with RowKey `record` and `expiresAt`, ISO 8601 in UTC. */
export type EndingTableName = RecordTableName | 'Limits';

/** The columns of a row that ends. */
export const endingRowSchema = z.object({
  expiresAt: z.iso.datetime().transform((text) => Date.parse(text)),
  etag: z.string(),
});

/** The row as the schema has it, while it lasts; undefined when it has ended or is none that this server writes. */
export function readLasting<T extends z.infer<typeof endingRowSchema>>(
  schema: z.ZodType<T>,
  row: Row | undefined,
  now: number,
): T | undefined {
  const parsed = schema.safeParse(row);
  return parsed.success && parsed.data.expiresAt > now ? parsed.data : undefined;
}

/** An entry of the index: the row that it points to may be gone by now, or have been prolonged. */
export interface ExpiryEntry {
  readonly bucket: string;
  readonly rowKey: string;
  readonly table: string;
  readonly partitionKey: string;
}

export interface ExpiryIndex {
  /**
   * To be called before a row is written that is to end then, so that none is ever without an entry.
   * @param replaced the row that is overwritten, and only if it is still as it was read: it has an entry for its own end
   */
  add(
    table: EndingTableName,
    partitionKey: string,
    expiresAt: number,
    replaced?: { readonly expiresAt: number },
  ): Promise<void>;
  /** The oldest entries of hours that are over, at most `limit`, in order of their buckets. */
  listDue(limit: number): Promise<readonly ExpiryEntry[]>;
  /** Removes entries of one bucket, at most 100. Those that are gone already do no harm. */
  clear(entries: readonly ExpiryEntry[]): Promise<void>;
}

/**
 * How long a bucket is left alone when its hour is over: longer than a write takes from its entry to its row, and than
 * the clocks of two instances may differ. Nobody adds to a bucket after that, so it can be emptied for good.
 */
const slackMs = 10 * 60_000;

function bucketOf(time: number): string {
  return new Date(time).toISOString().slice(0, 'yyyy-mm-ddThh'.length);
}

function toEntry({ partitionKey: bucket, rowKey }: Row): ExpiryEntry {
  const [table = '', partitionKey = ''] = rowKey.split('~');
  return { bucket, rowKey, table, partitionKey };
}

/**
 * Which rows end in which hour (UTC), in the table `Expiries`: its PartitionKey is the hour, so that what has ended
 * stands at the beginning of the table, however long nobody looked, and everything else is never read.
 */
export function createExpiryIndex(
  tables: Tables,
  { now = Date.now }: { readonly now?: () => number } = {},
): ExpiryIndex {
  const index = tables.table('Expiries');
  return {
    async add(table, partitionKey, expiresAt, replaced) {
      // Never into an hour that is over, whose bucket may be emptied at any moment.
      const bucket = bucketOf(Math.max(expiresAt, now()));
      if (replaced !== undefined && bucket === bucketOf(replaced.expiresAt)) return;
      await index.upsert({ partitionKey: bucket, rowKey: `${table}~${partitionKey}` });
    },

    async listDue(limit) {
      return (await index.listBefore(bucketOf(now() - slackMs), limit)).map(toEntry);
    },

    async clear(entries) {
      const cleared = await index.transact(
        entries.map(({ bucket, rowKey }) => ['delete', { partitionKey: bucket, rowKey }]),
      );
      if (cleared) return;
      // All or none: another instance has cleared some of them.
      await Promise.all(entries.map(({ bucket, rowKey }) => index.remove(bucket, rowKey)));
    },
  };
}
