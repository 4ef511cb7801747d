import { AppError } from '../errors.ts';
import {
  createExpiryIndex,
  endingRowKey,
  endingRowSchema,
  readLasting,
  type ExpiryEntry,
} from './expiry-index.ts';
import { retryContended } from './retry-contended.ts';
import { recordTableNames, type Tables } from './tables.ts';

const pageSize = 1_000;
/** Entries that are cleared with one transaction, which is the most that one may hold. */
const batchSize = 100;
const parallelRows = 20;

const sweptTables = [...recordTableNames, 'Limits'] as const;

export interface SweepOptions {
  readonly now?: () => number;
  /** Milliseconds after which a run begins nothing more, well below host.json's limit; the next one goes on. */
  readonly maxMs?: number;
}

export interface SweepResult {
  /** Rows that had ended and are gone now. */
  readonly removed: number;
  /** Entries of the index that were dealt with. */
  readonly examined: number;
  /** Whether nothing is left that is due. */
  readonly finished: boolean;
}

function divide<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function groupByBucket(entries: readonly ExpiryEntry[]): ExpiryEntry[][] {
  return [...Map.groupBy(entries, ({ bucket }) => bucket).values()];
}

/**
 * Removes what has ended, oldest first. What the index points to is looked at again: it may be gone, or have been
 * prolonged, and then it has another entry in a later bucket. Rows go before their entries, each on condition that it
 * is as it was looked at: a run may end anywhere and the next one repeats what it does not know of, and two may run at
 * once. Nothing is remembered between runs.
 * @throws AppError `storage_unavailable`
 */
export function createSweep(
  tables: Tables,
  { now = Date.now, maxMs = 2 * 60_000 }: SweepOptions = {},
): () => Promise<SweepResult> {
  const expiries = createExpiryIndex(tables, { now });

  async function removeEnded({ table: name, partitionKey }: ExpiryEntry): Promise<boolean> {
    const known = sweptTables.find((candidate) => candidate === name);
    if (known === undefined) return false;
    const table = tables.table(known);
    return retryContended('sweep', async () => {
      const row = await table.get(partitionKey, endingRowKey);
      if (row === undefined || readLasting(endingRowSchema, row, now()) !== undefined) return false;
      return (await table.remove(partitionKey, endingRowKey, String(row.etag))) || undefined;
    });
  }

  /** A row that others keep writing to is left, with its entry, to the next run. */
  async function removeUnlessContended(entry: ExpiryEntry): Promise<boolean | undefined> {
    try {
      return await removeEnded(entry);
    } catch (error) {
      if (error instanceof AppError && error.code === 'storage_contended') return undefined;
      throw error;
    }
  }

  async function sweepBatch(entries: readonly ExpiryEntry[]): Promise<number> {
    const dealtWith: ExpiryEntry[] = [];
    let removed = 0;
    for (const part of divide(entries, parallelRows)) {
      const results = await Promise.all(part.map(removeUnlessContended));
      removed += results.filter(Boolean).length;
      dealtWith.push(...part.filter((_entry, index) => results[index] !== undefined));
    }
    await expiries.clear(dealtWith);
    return removed;
  }

  return async function sweep() {
    const stopAt = now() + maxMs;
    let removed = 0;
    let examined = 0;
    for (;;) {
      const due = await expiries.listDue(pageSize);
      for (const batch of groupByBucket(due).flatMap((entries) => divide(entries, batchSize))) {
        removed += await sweepBatch(batch);
        examined += batch.length;
        if (now() >= stopAt) return { removed, examined, finished: false };
      }
      if (due.length < pageSize) return { removed, examined, finished: true };
    }
  };
}
