import type * as dataTables from '@azure/data-tables';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { refusalStatus } from './storage-call.ts';

/** A row as stored; its columns are unchecked until the store that reads it validates them. */
export interface Row {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [column: string]: unknown;
}

/**
 * The row as its schema describes it.
 * @throws AppError `internal_error` when it is not: something else wrote to the table
 */
export function parseRow<T>(schema: z.ZodType<T>, row: Row): T {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const detail = `row ${row.partitionKey} ${row.rowKey} is not what this server writes`;
  throw new AppError('internal_error', { detail, cause: parsed.error });
}

export interface RowRange {
  /** Row keys beyond this one, in ordinal order. */
  readonly after?: string;
  /** This row key and those beyond it. */
  readonly from?: string;
  /** Row keys short of this one. */
  readonly before?: string;
  /** Most rows to return. */
  readonly limit: number;
  /** Columns to fetch, beside the keys; all of them unless given. */
  readonly select?: readonly string[];
}

/**
 * The operations that stores are made of. Each throws AppError `storage_unavailable` when the storage does not answer;
 * a condition that does not hold is a result, not an error.
 */
export interface Table {
  get(partitionKey: string, rowKey: string): Promise<Row | undefined>;
  /** Rows of one partition, ordered by row key. */
  list(partitionKey: string, range: RowRange): Promise<readonly Row[]>;
  /** False when a row with this key exists. */
  insert(row: Row): Promise<boolean>;
  /** Sets the given columns and leaves the others. False when there is no such row. */
  merge(row: Row): Promise<boolean>;
  /**
   * Up to 100 changes in one partition: all of them, or none and false when a row exists that must not, is missing, or
   * has another ETag. After a lost answer and a retry of the SDK, false may also mean that the first try succeeded.
   */
  transact(actions: TransactionAction[]): Promise<boolean>;
}

export type Sdk = typeof dataTables;

/** Runs an operation with the SDK, loaded, and a client for the table. */
export type TableCall = <T>(
  operation: (client: TableClient, abortSignal: AbortSignal, sdk: Sdk) => Promise<T>,
) => Promise<T>;

/** The operation's result, or `otherwise` when the storage answered with one of these statuses. */
async function unlessRefused<T, U>(statuses: readonly number[], result: Promise<T>, otherwise: U) {
  try {
    return await result;
  } catch (error) {
    if (statuses.includes(refusalStatus(error) ?? 0)) return otherwise;
    throw error;
  }
}

function describeRange({ odata }: Sdk, partitionKey: string, { from, after, before }: RowRange): string {
  const conditions = [odata`PartitionKey eq ${partitionKey}`];
  if (from !== undefined) conditions.push(odata`RowKey ge ${from}`);
  if (after !== undefined) conditions.push(odata`RowKey gt ${after}`);
  if (before !== undefined) conditions.push(odata`RowKey lt ${before}`);
  return conditions.join(' and ');
}

/** A table whose every operation runs through `call`. */
export function createTable(call: TableCall): Table {
  return {
    get: (partitionKey, rowKey) =>
      unlessRefused<Row, undefined>(
        [404],
        call((client, abortSignal) => client.getEntity(partitionKey, rowKey, { abortSignal })),
        undefined,
      ),
    list: (partitionKey, range) =>
      call(async (client, abortSignal, sdk) => {
        const filter = describeRange(sdk, partitionKey, range);
        const select = range.select && ['PartitionKey', 'RowKey', ...range.select];
        const pages = client
          .listEntities<Row>({ queryOptions: { filter, ...(select && { select }) }, abortSignal })
          .byPage({ maxPageSize: range.limit });
        const rows: Row[] = [];
        // A page may hold fewer rows than were asked for, even none, while more follow.
        for await (const page of pages) {
          rows.push(...page);
          if (rows.length >= range.limit) break;
        }
        return rows.slice(0, range.limit);
      }),
    insert: (row) =>
      unlessRefused(
        [409],
        call((client, abortSignal) => client.createEntity(row, { abortSignal }).then(() => true)),
        false,
      ),
    merge: (row) =>
      unlessRefused(
        [404],
        call((client, abortSignal) => client.updateEntity(row, 'Merge', { abortSignal }).then(() => true)),
        false,
      ),
    transact: (actions) =>
      unlessRefused(
        [404, 409, 412],
        call((client, abortSignal) => client.submitTransaction(actions, { abortSignal }).then(() => true)),
        false,
      ),
  };
}
