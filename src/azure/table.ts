import type * as dataTables from './sdk/data-tables.ts';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import type * as z from 'zod';
import { AppError } from '../errors.ts';
import { refusalStatus } from './storage-call.ts';

/**
 * A row as stored; its columns are unchecked until the store that reads it validates them. One that was read has its
 * ETag in the column `etag`, which is not written.
 */
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
 * a condition that does not hold is a result, not an error. After a lost answer and a retry of the SDK, false may also
 * mean that the first try succeeded.
 */
export interface Table {
  get(partitionKey: string, rowKey: string): Promise<Row | undefined>;
  /** Rows of one partition, ordered by row key. */
  list(partitionKey: string, range: RowRange): Promise<readonly Row[]>;
  /**
   * Rows of every partition short of this one, ordered by partition and row key, without their columns: a walk along
   * the service's own order from its beginning, for a table that is emptied in that order.
   */
  listBefore(partitionKey: string, limit: number): Promise<readonly Row[]>;
  /** False when a row with this key exists. */
  insert(row: Row): Promise<boolean>;
  /** Creates the row, or overwrites the whole of it. */
  upsert(row: Row): Promise<void>;
  /** Overwrites the whole row: its new ETag. Undefined when it has another one or is gone. */
  replace(row: Row, etag: string): Promise<string | undefined>;
  /** Sets the given columns and leaves the others. False when there is no such row. */
  merge(row: Row): Promise<boolean>;
  /** Deletes the row. False when it is gone or, where an ETag is given, has another. */
  remove(partitionKey: string, rowKey: string, etag?: string): Promise<boolean>;
  /**
   * Up to 100 changes in one partition: all of them, or none and false when a row exists that must not, is missing, or
   * has another ETag; false, too, when the answer does not tell of each of them.
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

interface Query {
  readonly filter: string;
  readonly select?: string[];
}

async function readRows(client: TableClient, queryOptions: Query, limit: number, abortSignal: AbortSignal) {
  const pages = client.listEntities<Row>({ queryOptions, abortSignal }).byPage({ maxPageSize: limit });
  const rows: Row[] = [];
  // A page may hold fewer rows than were asked for, even none, while more follow.
  for await (const page of pages) {
    rows.push(...page);
    if (rows.length >= limit) break;
  }
  return rows.slice(0, limit);
}

const keyColumns = ['PartitionKey', 'RowKey'];

function createReads(call: TableCall): Pick<Table, 'get' | 'list' | 'listBefore'> {
  return {
    get: (partitionKey, rowKey) =>
      unlessRefused<Row, undefined>(
        [404],
        call((client, abortSignal) => client.getEntity(partitionKey, rowKey, { abortSignal })),
        undefined,
      ),
    list: (partitionKey, range) =>
      call((client, abortSignal, sdk) => {
        const filter = describeRange(sdk, partitionKey, range);
        const select = range.select && [...keyColumns, ...range.select];
        return readRows(client, { filter, ...(select && { select }) }, range.limit, abortSignal);
      }),
    listBefore: (partitionKey, limit) =>
      call((client, abortSignal, { odata }) => {
        const filter = odata`PartitionKey lt ${partitionKey}`;
        return readRows(client, { filter, select: keyColumns }, limit, abortSignal);
      }),
  };
}

function createWrites(call: TableCall): Omit<Table, keyof ReturnType<typeof createReads>> {
  return {
    insert: (row) =>
      unlessRefused(
        [409],
        call((client, abortSignal) => client.createEntity(row, { abortSignal }).then(() => true)),
        false,
      ),
    upsert: (row) =>
      call(async (client, abortSignal) => {
        await client.upsertEntity(row, 'Replace', { abortSignal });
      }),
    replace: (row, etag) =>
      unlessRefused<string, undefined>(
        [404, 412],
        call(async (client, abortSignal) => {
          const answer = await client.updateEntity(row, 'Replace', { etag, abortSignal });
          return String(answer.etag);
        }),
        undefined,
      ),
    merge: (row) =>
      unlessRefused(
        [404],
        call((client, abortSignal) => client.updateEntity(row, 'Merge', { abortSignal }).then(() => true)),
        false,
      ),
    remove: (partitionKey, rowKey, etag = '*') =>
      unlessRefused(
        [404, 412],
        call((client, abortSignal) =>
          client.deleteEntity(partitionKey, rowKey, { etag, abortSignal }).then(() => true),
        ),
        false,
      ),
    transact: (actions) =>
      unlessRefused(
        [404, 409, 412],
        call(async (client, abortSignal) => {
          const { subResponses } = await client.submitTransaction(actions, { abortSignal });
          return subResponses.length === actions.length && subResponses.every(({ status }) => status < 300);
        }),
        false,
      ),
  };
}

/** A table whose every operation runs through `call`. */
export function createTable(call: TableCall): Table {
  return { ...createReads(call), ...createWrites(call) };
}
