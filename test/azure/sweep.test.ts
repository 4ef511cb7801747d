import { createHash, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { createSweep } from '../../src/azure/sweep.ts';
import type { Table } from '../../src/azure/table.ts';
import { createTables, recordTableNames, type RecordTableName, type Tables } from '../../src/azure/tables.ts';
import { valueSchema } from '../contract/record-store.contract.ts';
import { createTestSealer } from './test-sealer.ts';

const noon = Date.parse('2026-01-02T12:00:00.000Z');
const minute = 60_000;
const hour = 60 * minute;
const sealer = createTestSealer();

let tables: Tables;
let now: number;

beforeEach(async () => {
  // Tables of its own for each test: a sweep takes whatever it finds.
  const prefix = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  tables = createTables({ connectionString: process.env.TEST_TABLES_CONNECTION_STRING ?? '', prefix });
  await tables.ensureTables();
  now = noon;
});

function open(name: RecordTableName = 'Codes', used: Tables = tables) {
  return createRecordTable(used, { name, schema: valueSchema, sealer, now: () => now });
}

function sweepWith(used: Tables = tables) {
  return createSweep(used, { now: () => now })();
}

function hash(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** Whether there is a row still, ended or not. */
async function isStored(id: string, name: RecordTableName = 'Codes'): Promise<boolean> {
  return (await tables.table(name).get(hash(id), 'record')) !== undefined;
}

async function countEntries(): Promise<number> {
  return (await tables.table('Expiries').listBefore('~', 1_000)).length;
}

async function insertMany(count: number, expiresAt: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (let from = 0; from < count; from += 25) {
    const part = ids.slice(from, from + 25);
    await Promise.all(part.map((id) => open().insert(id, { text: id }, expiresAt)));
  }
  return ids;
}

/** The tables as a process sees them that is killed before, or after, its nth operation, and how many it has begun. */
function killedAt(nth: number, moment: 'before' | 'after') {
  let operations = 0;
  function wrap(table: Table): Table {
    return new Proxy(table, {
      get(target, name: keyof Table) {
        const operation = target[name] as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          operations += 1;
          const isLast = operations >= nth;
          if (operations > nth || (isLast && moment === 'before')) throw new Error('killed');
          const result = await operation(...given);
          if (isLast) throw new Error('killed');
          return result;
        };
      },
    });
  }
  const seen: Tables = { ...tables, table: (name) => wrap(tables.table(name)) };
  return { tables: seen, count: () => operations };
}

/**
 * Does the work once for each of its operations, in a process that is killed there: each is certain to be.
 * @returns how many there are
 */
async function killAtEach(
  moment: 'before' | 'after',
  work: (used: Tables) => Promise<unknown>,
  check: () => Promise<void>,
): Promise<number> {
  const whole = killedAt(Infinity, moment);
  await work(whole.tables);
  await check();
  for (let nth = 1; nth <= whole.count(); nth += 1) {
    await expect(work(killedAt(nth, moment).tables)).rejects.toThrow('killed');
    await check();
  }
  return whole.count();
}

describe('the sweep', () => {
  it('S26: removes what has ended from every table, and nothing else', async () => {
    const [ended, lasting] = [randomUUID(), randomUUID()];
    for (const name of recordTableNames) {
      await open(name).insert(ended, { text: 'a' }, noon + minute);
      await open(name).insert(lasting, { text: 'b' }, noon + 3 * hour);
    }
    now = noon + 2 * hour;
    const count = recordTableNames.length;
    expect(await sweepWith()).toEqual({ removed: count, examined: count, finished: true });
    for (const name of recordTableNames) {
      expect(await isStored(ended, name)).toBe(false);
      expect(await open(name).find(lasting)).toMatchObject({ value: { text: 'b' } });
    }
    expect(await countEntries()).toBe(count);
  });

  it('finds nothing to do in empty tables, nor before an hour and its slack are over', async () => {
    expect(await sweepWith()).toEqual({ removed: 0, examined: 0, finished: true });
    await open().insert(randomUUID(), { text: 'a' }, noon + minute);
    now = noon + hour + 10 * minute - 1;
    expect(await sweepWith()).toEqual({ removed: 0, examined: 0, finished: true });
    now += 1;
    expect(await sweepWith()).toEqual({ removed: 1, examined: 1, finished: true });
  });

  it('keeps a record that was prolonged, until its new end', async () => {
    const [saved, replaced] = [randomUUID(), randomUUID()];
    await open().insert(saved, { text: 'a' }, noon + minute);
    await open().save(saved, { text: 'b' }, noon + 5 * hour);
    await open().insert(replaced, { text: 'a' }, noon + minute);
    const found = await open().find(replaced);
    if (found === undefined) throw new Error('it was inserted');
    await open().replace(replaced, { text: 'b' }, found, noon + 5 * hour);
    now = noon + 2 * hour;
    expect(await sweepWith()).toEqual({ removed: 0, examined: 2, finished: true });
    expect(await open().find(saved)).toMatchObject({ value: { text: 'b' } });
    expect(await open().find(replaced)).toMatchObject({ value: { text: 'b' } });
    now = noon + 7 * hour;
    expect(await sweepWith()).toEqual({ removed: 2, examined: 2, finished: true });
    expect([await isStored(saved), await isStored(replaced), await countEntries()]).toEqual([
      false,
      false,
      0,
    ]);
  });

  it('removes a record that was shortened at its new end, and one saved when it had ended already', async () => {
    const [shortened, late] = [randomUUID(), randomUUID()];
    await open().insert(shortened, { text: 'a' }, noon + 50 * hour);
    await open().save(shortened, { text: 'b' }, noon + minute);
    await open().save(late, { text: 'c' }, noon - 50 * hour);
    // Its entry is not in a bucket that may be emptied before the row is written.
    expect(await sweepWith()).toEqual({ removed: 0, examined: 0, finished: true });
    now = noon + 2 * hour;
    expect(await sweepWith()).toEqual({ removed: 2, examined: 2, finished: true });
    now = noon + 52 * hour;
    expect(await sweepWith()).toEqual({ removed: 0, examined: 1, finished: true });
  });

  it('removes a record that was replaced, by the entry of its hour, which is written once', async () => {
    const id = randomUUID();
    await open().insert(id, { text: 'a' }, noon + minute);
    const inserted = await open().find(id);
    if (inserted === undefined) throw new Error('it was inserted');
    const index = { ...tables.table('Expiries'), upsert: () => Promise.reject(new Error('written again')) };
    const used: Tables = { ...tables, table: (name) => (name === 'Expiries' ? index : tables.table(name)) };
    const store = open('Codes', used);
    const replaced = await store.replace(id, { text: 'b' }, inserted);
    if (replaced === undefined) throw new Error('it was replaced');
    await store.replace(id, { text: 'c' }, replaced, noon + 59 * minute);
    expect(await open().find(id)).toMatchObject({ value: { text: 'c' }, expiresAt: noon + 59 * minute });
    await expect(store.replace(id, { text: 'd' }, replaced, noon + hour)).rejects.toThrow('written again');
    now = noon + 2 * hour;
    expect(await sweepWith()).toEqual({ removed: 1, examined: 1, finished: true });
    expect([await isStored(id), await countEntries()]).toEqual([false, 0]);
  });

  it('clears the entries of what was taken before it ended', async () => {
    const id = randomUUID();
    await open().insert(id, { text: 'a' }, noon + minute);
    await open().take(id);
    now = noon + 2 * hour;
    expect(await sweepWith()).toEqual({ removed: 0, examined: 1, finished: true });
    expect(await countEntries()).toBe(0);
  });

  it('finds what ended years ago, and more than one page of it', async () => {
    const ids = await insertMany(1_150, noon + minute);
    now = noon + 3 * 365 * 24 * hour;
    const recent = await insertMany(1, now + minute);
    expect(await sweepWith()).toEqual({ removed: 1_150, examined: 1_150, finished: true });
    expect([await isStored(ids[0] ?? ''), await isStored(recent[0] ?? '')]).toEqual([false, true]);
    expect(await countEntries()).toBe(1);
  });

  it('stops when its time is over and goes on in the next run', async () => {
    await insertMany(250, noon + minute);
    now = noon + 2 * hour;
    // Every look at the clock takes it a second on, so that a run gets through one batch.
    const sweep = createSweep(tables, { now: () => (now += 1_000), maxMs: 50_000 });
    expect(await sweep()).toEqual({ removed: 100, examined: 100, finished: false });
    expect(await sweep()).toEqual({ removed: 100, examined: 100, finished: false });
    expect((await sweep()).removed).toBe(50);
    expect(await sweep()).toEqual({ removed: 0, examined: 0, finished: true });
    expect(await countEntries()).toBe(0);
  });

  it('removes each record once when two instances sweep at once', async () => {
    await insertMany(230, noon + minute);
    const [lasting = ''] = await insertMany(1, noon + 9 * hour);
    now = noon + 2 * hour;
    const results = await Promise.all([sweepWith(), sweepWith(), sweepWith()]);
    expect(results.reduce((sum, { removed }) => sum + removed, 0)).toBe(230);
    expect([await isStored(lasting), await countEntries()]).toEqual([true, 1]);
  });

  it('clears the other entries of a batch when another instance has cleared some', async () => {
    await insertMany(3, noon + minute);
    now = noon + 2 * hour;
    const slow: Tables = {
      ...tables,
      table: (name) => ({
        ...tables.table(name),
        transact: async (actions) => {
          const [first] = await tables.table(name).listBefore('~', 1);
          if (first !== undefined) await tables.table(name).remove(first.partitionKey, first.rowKey);
          return tables.table(name).transact(actions);
        },
      }),
    };
    expect(await sweepWith(slow)).toEqual({ removed: 3, examined: 3, finished: true });
    expect(await countEntries()).toBe(0);
  });

  it.each(['before', 'after'] as const)(
    'is completed by the next run when it is killed %s any of its steps',
    async (moment) => {
      let ended: string[] = [];
      let lasting: string[] = [];
      async function sweep(used: Tables): Promise<void> {
        now += 10 * hour;
        ended = await insertMany(3, now + minute);
        lasting = [...lasting, ...(await insertMany(1, now + 100_000 * hour))];
        now += 2 * hour;
        await sweepWith(used);
      }
      const steps = await killAtEach(moment, sweep, async () => {
        expect(await sweepWith()).toMatchObject({ finished: true });
        for (const id of ended) expect(await isStored(id)).toBe(false);
        for (const id of lasting) expect(await isStored(id)).toBe(true);
        expect(await countEntries()).toBe(lasting.length);
      });
      // It looks, removes and clears at the least.
      expect(steps).toBeGreaterThanOrEqual(3);
    },
  );

  it.each(['before', 'after'] as const)(
    'finds whatever a process left that was killed %s any step of a write',
    async (moment) => {
      let id = '';
      async function write(used: Tables): Promise<void> {
        id = randomUUID();
        const store = open('Grants', used);
        await store.insert(id, { text: 'a' }, now + minute);
        await store.save(id, { text: 'b' }, now + 5 * hour);
      }
      const steps = await killAtEach(moment, write, async () => {
        now += 10 * hour;
        await sweepWith();
        expect([await isStored(id, 'Grants'), await countEntries()]).toEqual([false, 0]);
      });
      // An insert and a save.
      expect(steps).toBeGreaterThanOrEqual(2);
    },
  );

  it('leaves a record alone that is prolonged between its look and its delete', async () => {
    const id = randomUUID();
    await open().insert(id, { text: 'a' }, noon + minute);
    now = noon + 2 * hour;
    let prolonged = false;
    const slow: Tables = {
      ...tables,
      table: (name) => ({
        ...tables.table(name),
        remove: async (...key) => {
          if (name === 'Codes' && !prolonged) {
            prolonged = true;
            await open().save(id, { text: 'b' }, noon + 9 * hour);
          }
          return tables.table(name).remove(...key);
        },
      }),
    };
    expect(await sweepWith(slow)).toEqual({ removed: 0, examined: 1, finished: true });
    expect(await open().find(id)).toMatchObject({ value: { text: 'b' } });
    now = noon + 11 * hour;
    expect(await sweepWith()).toMatchObject({ removed: 1 });
  });

  it('removes rows whose end cannot be read, and clears entries of tables that it does not know', async () => {
    const id = randomUUID();
    await open().insert(id, { text: 'a' }, noon + minute);
    await tables.table('Codes').upsert({ partitionKey: hash(id), rowKey: 'record', expiresAt: 'never' });
    await tables.table('Expiries').insert({ partitionKey: '2026-01-02T12', rowKey: 'Notes~someone' });
    await tables.table('Expiries').insert({ partitionKey: '2026-01-02T12', rowKey: 'nonsense' });
    await tables.table('Notes').insert({ partitionKey: 'someone', rowKey: 'record' });
    now = noon + 2 * hour;
    expect(await sweepWith()).toEqual({ removed: 1, examined: 3, finished: true });
    expect(await isStored(id)).toBe(false);
    expect(await tables.table('Notes').get('someone', 'record')).toBeDefined();
    expect(await countEntries()).toBe(0);
  });

  it('passes an outage on and loses nothing by it', async () => {
    const id = randomUUID();
    await open().insert(id, { text: 'a' }, noon + minute);
    now = noon + 2 * hour;
    const config = { connectionString: process.env.TEST_TABLES_CONNECTION_STRING ?? '', prefix: 'absent' };
    await expect(sweepWith(createTables(config))).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(await sweepWith()).toMatchObject({ removed: 1 });
  });
});
