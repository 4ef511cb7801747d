import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import { rateLimits, type RateLimit, type RateLimiter } from '../stores/rate-limiter.ts';
import { createExpiryIndex, endingRowKey, endingRowSchema, readLasting } from './expiry-index.ts';
import { retryContended } from './retry-contended.ts';
import type { Tables } from './tables.ts';

/** Milliseconds until whoever was forestalled at every attempt may ask again. */
const forestalledMs = 1_000;

const limitRowSchema = endingRowSchema.extend({ count: z.int() });

export interface LimitTableOptions {
  readonly now?: () => number;
  readonly limits?: typeof rateLimits;
}

interface Counted {
  readonly admitted: boolean;
  readonly remaining: number;
  readonly resetMs: number;
}

function isContended(error: unknown): boolean {
  return error instanceof AppError && error.code === 'storage_contended';
}

/**
 * Counters in Table Storage: a row for each kind and key, which is stored hashed, for one window after the other. Each
 * increment is on condition of the ETag that was read; what is refused writes nothing.
 */
export function createLimitTable(
  tables: Tables,
  { now = Date.now, limits = rateLimits }: LimitTableOptions = {},
): RateLimiter {
  const table = tables.table('Limits');
  const expiries = createExpiryIndex(tables, { now });

  async function startWindow(partitionKey: string, windowMs: number, ended: { etag: string } | undefined) {
    const expiresAt = now() + windowMs;
    await expiries.add('Limits', partitionKey, expiresAt);
    const row = {
      partitionKey,
      rowKey: endingRowKey,
      count: 1,
      expiresAt: new Date(expiresAt).toISOString(),
    };
    if (ended === undefined) return table.insert(row);
    return (await table.replace(row, ended.etag)) !== undefined;
  }

  /** Undefined when another was faster. */
  async function count(partitionKey: string, limit: RateLimit): Promise<Counted | undefined> {
    const { most, windowMs } = limit;
    const row = await table.get(partitionKey, endingRowKey);
    const window = readLasting(limitRowSchema, row, now());
    if (window === undefined) {
      const ended = row && { etag: String(row.etag) };
      const isMine = await startWindow(partitionKey, windowMs, ended);
      return isMine ? { admitted: true, remaining: most - 1, resetMs: windowMs } : undefined;
    }
    const { expiresAt, etag, count } = window;
    const resetMs = expiresAt - now();
    if (count >= most) return { admitted: false, remaining: 0, resetMs };
    const next = { count: count + 1, expiresAt: new Date(expiresAt).toISOString() };
    const counted = await table.replace({ partitionKey, rowKey: endingRowKey, ...next }, etag);
    return counted === undefined ? undefined : { admitted: true, remaining: most - count - 1, resetMs };
  }

  return {
    async admit(kind, key) {
      const limit = limits[kind];
      const partitionKey = createHash('sha256').update(`${kind} ${key}`).digest('hex');
      // Uncounted is not let in: who asks for very much at once would make its own requests forestall each other.
      const forestalled = { admitted: false, remaining: 0, resetMs: forestalledMs };
      const { admitted, ...left } = await retryContended('limits', () => count(partitionKey, limit)).catch(
        (error: unknown) => {
          if (isContended(error)) return forestalled;
          throw error;
        },
      );
      return { admitted, quota: { policy: kind, ...limit, ...left } };
    },
  };
}
