import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLimitTable } from '../../src/azure/limit-table.ts';
import { createSweep } from '../../src/azure/sweep.ts';
import type { Tables } from '../../src/azure/tables.ts';
import { rateLimits } from '../../src/stores/rate-limiter.ts';
import { dumpTable } from '../support/table-dump.ts';
import { startStorage, type TestStorage } from './storage.ts';

const noon = Date.parse('2026-01-02T12:00:00.000Z');
const hour = 3_600_000;

let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
});

afterAll(() => storage.azurite.stop());

let now = noon;

function openLimiter(most: number, tables: Tables = storage.tables) {
  const limits = {
    registration: { most, windowMs: 60_000 },
    document: { most, windowMs: 60_000 },
    authorization: { most, windowMs: 60_000 },
  };
  return createLimitTable(tables, { now: () => now, limits });
}

async function admitTimes(times: number, most: number, key: string): Promise<boolean[]> {
  const results: boolean[] = [];
  for (let count = 0; count < times; count += 1) {
    // Every request at an instance of its own.
    results.push((await openLimiter(most).admit('registration', key)).admitted);
  }
  return results;
}

describe('the rate limiter', () => {
  it('S23: allows 60 registrations and fetches, and 300 sign-ins, in 10 minutes', () => {
    const limit = { most: 60, windowMs: 600_000 };
    expect(rateLimits).toEqual({
      registration: limit,
      document: limit,
      authorization: { most: 300, windowMs: 600_000 },
    });
  });

  it('S23: admits as many as a window has and refuses the rest, over all instances', async () => {
    expect(await admitTimes(5, 3, randomUUID())).toEqual([true, true, true, false, false]);
  });

  it('tells what is left of the window, and when it ends', async () => {
    now = noon;
    const key = randomUUID();
    const quota = { policy: 'registration', most: 2, windowMs: 60_000 };
    const admit = () => openLimiter(2).admit('registration', key);
    expect(await admit()).toEqual({ admitted: true, quota: { ...quota, remaining: 1, resetMs: 60_000 } });
    now += 10_000;
    expect(await admit()).toEqual({ admitted: true, quota: { ...quota, remaining: 0, resetMs: 50_000 } });
    expect(await admit()).toEqual({ admitted: false, quota: { ...quota, remaining: 0, resetMs: 50_000 } });
  });

  it('counts keys and kinds apart', async () => {
    const key = randomUUID();
    expect(await admitTimes(2, 1, key)).toEqual([true, false]);
    expect(await openLimiter(1).admit('document', key)).toMatchObject({ admitted: true });
    expect(await openLimiter(1).admit('registration', `${key}x`)).toMatchObject({ admitted: true });
  });

  it('begins a new window when one is over, whatever was refused meanwhile', async () => {
    now = noon;
    const key = randomUUID();
    expect(await admitTimes(3, 2, key)).toEqual([true, true, false]);
    now += 59_999;
    expect(await admitTimes(1, 2, key)).toEqual([false]);
    now += 1;
    expect(await admitTimes(3, 2, key)).toEqual([true, true, false]);
  });

  it('admits exactly the rest of a window to parallel requests, and fails none', async () => {
    const key = randomUUID();
    const results = await Promise.all(
      Array.from({ length: 12 }, () => openLimiter(4).admit('registration', key)),
    );
    expect(results.filter(({ admitted }) => admitted)).toHaveLength(4);
  });

  it('refuses for a second, uncounted, whom others forestall at every attempt', async () => {
    const key = randomUUID();
    await admitTimes(1, 2, key);
    const contended: Tables = {
      ...storage.tables,
      table: (name) => ({ ...storage.tables.table(name), replace: () => Promise.resolve(undefined) }),
    };
    expect(await openLimiter(2, contended).admit('registration', key)).toEqual({
      admitted: false,
      quota: { policy: 'registration', most: 2, windowMs: 60_000, remaining: 0, resetMs: 1_000 },
    });
    expect(await admitTimes(2, 2, key)).toEqual([true, false]);
  });

  it('does not hold the key, and starts afresh over a row that it did not write', async () => {
    const key = `203.0.113.7-${randomUUID()}`;
    await admitTimes(2, 1, key);
    expect(JSON.stringify(await dumpTable(storage.inspect('Limits')))).not.toContain('203.0.113.7');
    const inspected = storage.inspect('Limits');
    for (const row of await dumpTable(storage.inspect('Limits'))) {
      const { partitionKey, rowKey } = row as { partitionKey: string; rowKey: string };
      await inspected.updateEntity({ partitionKey, rowKey, count: 'many' }, 'Replace');
    }
    expect(await admitTimes(2, 1, key)).toEqual([true, false]);
  });

  it('S26: leaves rows that the sweep removes when their window is over', async () => {
    now = noon;
    await admitTimes(1, 1, randomUUID());
    expect(await dumpTable(storage.inspect('Limits'))).not.toEqual([]);
    now += 3 * hour;
    const key = randomUUID();
    await admitTimes(1, 1, key);
    await createSweep(storage.tables, { now: () => now })();
    const left = await dumpTable(storage.inspect('Limits'));
    expect(left).toHaveLength(1);
    expect(await admitTimes(1, 1, key)).toEqual([false]);
  });
});
