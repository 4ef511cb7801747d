import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { createExchanges } from '../../src/oauth/exchange.ts';
import { rememberRecords } from '../../src/oauth/remembered-records.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { startStorage, type TestStorage } from '../azure/storage.ts';
import { createTestSealer } from '../azure/test-sealer.ts';
import { describeRecordStore, valueSchema, type Value } from '../contract/record-store.contract.ts';

const end = Date.now() + 60_000;

let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage.azurite.stop());

function openTable(now: () => number = Date.now): RecordStore<Value> {
  const sealer = createTestSealer();
  return createRecordTable(storage.tables, { name: 'Grants', schema: valueSchema, sealer, now });
}

const exchange = { address: 'the contract' };

describeRecordStore('A store within one exchange', (now) =>
  rememberRecords(openTable(now), { current: () => exchange, now }),
);

describe('a store that remembers', () => {
  const exchanges = createExchanges();
  let reads: number;
  let store: RecordStore<Value>;

  beforeEach(() => {
    reads = 0;
    const table = openTable();
    const counted: RecordStore<Value> = {
      ...table,
      find(id) {
        reads += 1;
        return table.find(id);
      },
    };
    store = rememberRecords(counted, { current: exchanges.current, now: Date.now });
  });

  /** Runs the work in an exchange of its own: how often it read. */
  async function countReads(work: () => Promise<unknown>): Promise<number> {
    const before = reads;
    await exchanges.run('somebody', work);
    return reads - before;
  }

  it('reads a record once in an exchange, and again in the next', async () => {
    const id = randomUUID();
    await openTable().insert(id, { text: 'a' }, end);
    const readTwice = async () => {
      expect(await store.find(id)).toMatchObject({ value: { text: 'a' } });
      expect(await store.find(id)).toMatchObject({ value: { text: 'a' } });
    };
    expect(await countReads(readTwice)).toBe(1);
    expect(await countReads(readTwice)).toBe(1);
  });

  it('keeps exchanges apart that run at once', async () => {
    const id = randomUUID();
    await openTable().insert(id, { text: 'old' }, end);
    const [read, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const first = exchanges.run('one', async () => {
      const before = await store.find(id);
      read.resolve(undefined);
      await changed.promise;
      return [before?.value.text, (await store.find(id))?.value.text];
    });
    await read.promise;
    const second = exchanges.run('other', async () => {
      await openTable().save(id, { text: 'new' }, end);
      changed.resolve(undefined);
      return (await store.find(id))?.value.text;
    });
    expect([await first, await second]).toEqual([['old', 'old'], 'new']);
  });

  it('goes on from what it has replaced, and reads anew where another was faster', async () => {
    const id = randomUUID();
    await openTable().insert(id, { text: 'a' }, end);
    const work = async () => {
      const found = await store.find(id);
      if (found === undefined) throw new Error('it was inserted');
      await store.replace(id, { text: 'b' }, found);
      const replaced = await store.find(id);
      expect(replaced).toMatchObject({ value: { text: 'b' } });
      if (replaced === undefined) throw new Error('it was replaced');
      await openTable().save(id, { text: 'of another' }, end);
      expect(await store.replace(id, { text: 'c' }, replaced)).toBeUndefined();
      expect(await store.find(id)).toMatchObject({ value: { text: 'of another' } });
    };
    expect(await countReads(work)).toBe(2);
  });

  it('S5: takes what is stored, not what it remembers', async () => {
    const id = randomUUID();
    await openTable().insert(id, { text: 'a' }, end);
    await exchanges.run('somebody', async () => {
      await store.find(id);
      expect(await openTable().take(id)).toEqual({ text: 'a' });
      expect(await store.take(id)).toBeUndefined();
      expect(await store.find(id)).toBeUndefined();
    });
  });

  it('remembers neither that there is nothing nor that the storage did not answer', async () => {
    const id = randomUUID();
    let isOut = true;
    const failing: RecordStore<Value> = {
      ...openTable(),
      find: (wanted) => (isOut ? Promise.reject(new Error('out')) : openTable().find(wanted)),
    };
    const remembering = rememberRecords(failing, { current: exchanges.current, now: Date.now });
    await exchanges.run('somebody', async () => {
      await expect(remembering.find(id)).rejects.toThrow('out');
      isOut = false;
      expect(await remembering.find(id)).toBeUndefined();
      await openTable().insert(id, { text: 'a' }, end);
      expect(await remembering.find(id)).toMatchObject({ value: { text: 'a' } });
    });
  });

  it('is of no use outside of an exchange', async () => {
    await expect(store.find('anything')).rejects.toThrow('outside of an exchange');
    expect(() => exchanges.current()).toThrow('outside of an exchange');
    expect(reads).toBe(0);
  });
});
