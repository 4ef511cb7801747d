import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRecordTable } from '../../src/azure/record-table.ts';
import type { Tables } from '../../src/azure/tables.ts';
import { AppError } from '../../src/errors.ts';
import type { Sealer } from '../../src/stores/sealer.ts';
import { describeRecordStore, valueSchema } from '../contract/record-store.contract.ts';
import { dumpTable } from '../support/table-dump.ts';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { startStorage, type TestStorage } from './storage.ts';
import { createTestSealer } from './test-sealer.ts';

const noon = Date.parse('2026-01-02T12:00:00.000Z');
const end = noon + 60_000;
const sealer = createTestSealer();

let storage: TestStorage;
let proxy: FaultyProxy;

beforeAll(async () => {
  storage = await startStorage();
  proxy = await startFaultyProxy(storage.azurite.tablesUrl);
});

afterAll(async () => {
  await proxy.stop();
  await storage.azurite.stop();
});

function hash(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

function openStore({ tables = storage.tables, sealer: own = sealer, now = noon } = {}) {
  return createRecordTable(tables, { name: 'Codes', schema: valueSchema, sealer: own, now: () => now });
}

describeRecordStore('Table Storage', (now) =>
  createRecordTable(storage.tables, { name: 'Grants', schema: valueSchema, sealer, now }),
);

describe('the tables of records', () => {
  it('S15: hold neither the id nor anything of the value', async () => {
    const id = `code-${randomUUID()}`;
    const text = `secret-${randomUUID()}`;
    await openStore().insert(id, { text }, end);
    const rows = (await dumpTable(storage.inspect('Codes'))).filter(
      ({ partitionKey }) => partitionKey === hash(id),
    );
    expect(rows).toEqual([
      expect.objectContaining({ rowKey: 'record', expiresAt: '2026-01-02T12:01:00.000Z' }),
    ]);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual([
      'etag',
      'expiresAt',
      'partitionKey',
      'rowKey',
      'sealed',
      'timestamp',
    ]);
    const everything = JSON.stringify([
      await dumpTable(storage.inspect('Codes')),
      await dumpTable(storage.inspect('Expiries')),
    ]);
    for (const secret of [id, text, 'secret-']) {
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(Buffer.from(secret).toString('base64url').slice(0, -2));
    }
  });

  it('S15: open a value only where it was written', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    await openStore().insert(id, { text: 'a' }, end);
    const row = await storage.inspect('Codes').getEntity(hash(id), 'record');
    const { sealed, expiresAt } = row as { sealed?: string; expiresAt?: string };
    await storage
      .inspect('Codes')
      .createEntity({ partitionKey: hash(other), rowKey: 'record', sealed, expiresAt });
    await storage
      .inspect('Requests')
      .createEntity({ partitionKey: hash(id), rowKey: 'record', sealed, expiresAt });
    expect(await openStore().find(other)).toBeUndefined();
    const requests = createRecordTable(storage.tables, {
      name: 'Requests',
      schema: valueSchema,
      sealer,
      now: () => noon,
    });
    expect(await requests.find(id)).toBeUndefined();
    expect(await openStore().find(id)).toMatchObject({ value: { text: 'a' } });
  });

  it('count a value as absent whose key is gone, and keep its place for those who may have the key', async () => {
    const id = randomUUID();
    const stranger = openStore({ sealer: createTestSealer('another key') });
    await openStore().insert(id, { text: 'a' }, end);
    expect(await stranger.find(id)).toBeUndefined();
    expect(await stranger.take(id)).toBeUndefined();
    expect(await stranger.insert(id, { text: 'b' }, end)).toBe(false);
    expect(await openStore().take(id)).toEqual({ text: 'a' });
  });

  it('count a value as absent that is not what the schema says', async () => {
    const id = randomUUID();
    const loose = createRecordTable(storage.tables, {
      name: 'Codes',
      schema: valueSchema.partial(),
      sealer,
      now: () => noon,
    });
    await loose.insert(id, {}, end);
    expect(await openStore().find(id)).toBeUndefined();
    expect(await loose.find(id)).toMatchObject({ value: {} });
  });

  it('insert over a row that this server did not write', async () => {
    const id = randomUUID();
    await storage.inspect('Codes').createEntity({ partitionKey: hash(id), rowKey: 'record', sealed: 5 });
    expect(await openStore().find(id)).toBeUndefined();
    expect(await openStore().insert(id, { text: 'a' }, end)).toBe(true);
    expect(await openStore().find(id)).toMatchObject({ value: { text: 'a' } });
  });

  it('pass on what the keys throw, and consume nothing then', async () => {
    const id = randomUUID();
    const unavailable = () => Promise.reject(new AppError('secrets_unavailable'));
    const locked: Sealer = { seal: unavailable, open: unavailable };
    await openStore().insert(id, { text: 'a' }, end);
    const store = openStore({ sealer: locked });
    const outage = { code: 'secrets_unavailable' };
    await expect(store.find(id)).rejects.toMatchObject(outage);
    await expect(store.take(id)).rejects.toMatchObject(outage);
    await expect(store.save(id, { text: 'b' }, end)).rejects.toMatchObject(outage);
    expect(await openStore().take(id)).toEqual({ text: 'a' });
  });

  it('S5: give what a record was when it was deleted, not what it was when it was looked at', async () => {
    const id = randomUUID();
    await openStore().insert(id, { text: 'old' }, end);
    let changed = false;
    const slow: Tables = {
      ...storage.tables,
      table: (name) => ({
        ...storage.tables.table(name),
        remove: async (...key) => {
          if (!changed) await openStore().save(id, { text: 'new' }, end);
          changed = true;
          return storage.tables.table(name).remove(...key);
        },
      }),
    };
    expect(await openStore({ tables: slow }).take(id)).toEqual({ text: 'new' });
    expect(await openStore().find(id)).toBeUndefined();
  });

  it('hold what just fits into a property and refuse the rest, which changes nothing', async () => {
    const id = randomUUID();
    const [fits, tooLong] = [24_400, 24_600].map((length) => ({ text: 'x'.repeat(length) }));
    if (fits === undefined || tooLong === undefined) throw new Error('there are two');
    const store = openStore();
    await store.save(id, fits, end);
    const refusal = {
      code: 'invalid_request',
      detail: expect.stringMatching(/^Codes: a value of 3\d{4} characters$/),
    };
    await expect(store.save(id, tooLong, end)).rejects.toMatchObject(refusal);
    await expect(store.insert(randomUUID(), tooLong, end)).rejects.toMatchObject(refusal);
    expect(await store.find(id)).toMatchObject({ value: fits });
  });

  it('have an entry in the index before there is a record', async () => {
    const id = randomUUID();
    proxy.rowFaults.push('none', 'cut-before', 'cut-before', 'cut-before');
    const store = openStore({ tables: storage.tablesAt(proxy.tablesUrl) });
    await expect(store.insert(id, { text: 'a' }, end)).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(proxy.rowFaults).toEqual([]);
    const entry = await storage.inspect('Expiries').getEntity('2026-01-02T12', `Codes~${hash(id)}`);
    expect(entry.rowKey).toBe(`Codes~${hash(id)}`);
    expect(await store.find(id)).toBeUndefined();
  });
});

describe('the tables of records, when an answer is lost after the operation took effect', () => {
  const openLossy = () => openStore({ tables: storage.tablesAt(proxy.tablesUrl) });

  it('insert once and say so', async () => {
    const id = randomUUID();
    proxy.rowFaults.push('none', 'cut-after');
    expect(await openLossy().insert(id, { text: 'a' }, end)).toBe(true);
    expect(proxy.rowFaults).toEqual([]);
    expect(await openStore().find(id)).toMatchObject({ value: { text: 'a' } });
  });

  it('insert once over what has ended and say so', async () => {
    const id = randomUUID();
    await openStore().insert(id, { text: 'old' }, end);
    proxy.rowFaults.push('none', 'none', 'none', 'cut-after');
    const store = openStore({ tables: storage.tablesAt(proxy.tablesUrl), now: end });
    expect(await store.insert(id, { text: 'new' }, end + 60_000)).toBe(true);
    expect(proxy.rowFaults).toEqual([]);
    expect(await store.find(id)).toMatchObject({ value: { text: 'new' } });
  });

  it('replace once and say so', async () => {
    const id = randomUUID();
    await openStore().insert(id, { text: 'a' }, end);
    const read = await openStore().find(id);
    if (read === undefined) throw new Error('it was inserted');
    proxy.rowFaults.push('cut-after');
    const replaced = await openLossy().replace(id, { text: 'b' }, read);
    expect(replaced).toMatchObject({ value: { text: 'b' } });
    expect(proxy.rowFaults).toEqual([]);
    expect(await openStore().find(id)).toEqual(replaced);
  });

  it('S5: give the record to nobody rather than to two', async () => {
    const id = randomUUID();
    await openStore().insert(id, { text: 'a' }, end);
    proxy.rowFaults.push('none', 'cut-after');
    expect(await openLossy().take(id)).toBeUndefined();
    expect(proxy.rowFaults).toEqual([]);
    expect(await openStore().take(id)).toBeUndefined();
  });
});
