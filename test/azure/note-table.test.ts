import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createNoteTable } from '../../src/azure/note-table.ts';
import { maxNotesPerOwner, NoteLimitError, type NoteStore } from '../../src/stores/note-store.ts';
import type { Owner } from '../../src/stores/owner.ts';
import { describeNoteStore } from '../contract/note-store.contract.ts';
import { dumpTable } from '../support/table-dump.ts';
import type { Fault } from '../support/faults.ts';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { startStorage, type TestStorage } from './storage.ts';

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

function createOwner(): Owner {
  return { tenantId: randomUUID(), objectId: randomUUID() };
}

function partitionOf({ tenantId, objectId }: Owner): string {
  return `${tenantId}:${objectId}`;
}

/** Rows of the owner as the service has them: how many notes, and how many the counter says. */
async function countRows(owner: Owner): Promise<{ notes: number; counter: unknown }> {
  const rows = await dumpTable(storage.inspect('Notes'), `PartitionKey eq '${partitionOf(owner)}'`);
  const counter = rows.find(({ rowKey }) => rowKey === 'count');
  return { notes: rows.length - (counter === undefined ? 0 : 1), counter: counter?.count };
}

/** Notes and their counter, put there past the store. */
async function seedNotes(owner: Owner, count: number): Promise<void> {
  const partitionKey = partitionOf(owner);
  const rows = Array.from({ length: count }, (_, index) => ({
    partitionKey,
    rowKey: `${String(8_000_000_000_000 + index)}-${randomBytes(8).toString('hex')}`,
    text: Buffer.from('seeded'),
  }));
  const client = storage.inspect('Notes');
  for (let from = 0; from < count; from += 100) {
    await client.submitTransaction(rows.slice(from, from + 100).map((row) => ['create', row]));
  }
  await client.createEntity({ partitionKey, rowKey: 'count', count, change: 'seeded' });
}

describeNoteStore('Table Storage', (now) => createNoteTable(storage.tables, now && { now }));

describe('the notes table', () => {
  it('counts the notes as it saves and deletes them', async () => {
    const store = createNoteTable(storage.tables);
    const owner = createOwner();
    const notes = await Promise.all(['a', 'b', 'c'].map((text) => store.save(owner, text)));
    expect(await countRows(owner)).toEqual({ notes: 3, counter: 3 });
    await Promise.all(notes.slice(1).flatMap(({ id }) => [store.delete(owner, id), store.delete(owner, id)]));
    expect(await countRows(owner)).toEqual({ notes: 1, counter: 1 });
  });

  it('refuses a note beyond the limit and takes one again after a deletion', async () => {
    const store = createNoteTable(storage.tables);
    const owner = createOwner();
    await seedNotes(owner, maxNotesPerOwner);
    await expect(store.save(owner, 'one too many')).rejects.toBeInstanceOf(NoteLimitError);
    const { notes } = await store.list(owner, { limit: 1 });
    await store.delete(owner, notes[0]?.id ?? '');
    await store.save(owner, 'fits');
    expect(await countRows(owner)).toEqual({ notes: maxNotesPerOwner, counter: maxNotesPerOwner });
  });

  it('holds the limit against writers who all see one place left', async () => {
    const store = createNoteTable(storage.tables);
    const owner = createOwner();
    await seedNotes(owner, maxNotesPerOwner - 1);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => store.save(owner, 'last')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(NoteLimitError);
    }
    expect(await countRows(owner)).toEqual({ notes: maxNotesPerOwner, counter: maxNotesPerOwner });
  });

  it('agrees with its counter after 20 writers at once', async () => {
    const store = createNoteTable(storage.tables);
    const owner = createOwner();
    const saves = await Promise.allSettled(Array.from({ length: 20 }, () => store.save(owner, 'x')));
    const saved = saves.filter(({ status }) => status === 'fulfilled').length;
    expect(await countRows(owner)).toEqual({ notes: saved, counter: saved });
  });

  it('fails on a row that it did not write, and says which in the log only', async () => {
    const store = createNoteTable(storage.tables);
    const owner = createOwner();
    const rowKey = '8000000000000-0123456789abcdef';
    await storage.inspect('Notes').createEntity({ partitionKey: partitionOf(owner), rowKey, text: 5 });
    const failure = {
      code: 'internal_error',
      message: 'The server failed to answer this request.',
      detail: expect.stringContaining(rowKey),
    };
    await expect(store.get(owner, rowKey)).rejects.toMatchObject(failure);
    await expect(store.list(owner, { limit: 1 })).rejects.toMatchObject(failure);
  });
});

describe('the notes table, when answers are lost', () => {
  function createStore(deadlineMs?: number): NoteStore {
    return createNoteTable(storage.tablesAt(proxy.tablesUrl, deadlineMs));
  }

  function failureCode(error: unknown): unknown {
    return (error as { code?: unknown }).code;
  }

  it.each<[string, Fault[]]>([
    ['before it arrives', ['cut-before']],
    ['after it took effect', ['cut-after']],
    ['twice, after it took effect', ['cut-after', 'cut-after']],
  ])('saves a note once when the connection breaks %s', async (_description, faults) => {
    const owner = createOwner();
    proxy.transactionFaults.push(...faults);
    const note = await createStore().save(owner, 'once');
    expect(proxy.transactionFaults).toEqual([]);
    expect(await createStore().list(owner, { limit: 10 })).toEqual({ notes: [note] });
    expect(await countRows(owner)).toEqual({ notes: 1, counter: 1 });
  });

  it('deletes a note once, and says so, when the connection breaks after it took effect', async () => {
    const owner = createOwner();
    const store = createStore();
    await store.save(owner, 'kept');
    const { id } = await store.save(owner, 'gone');
    proxy.transactionFaults.push('cut-after');
    expect(await store.delete(owner, id)).toBe(true);
    expect(await countRows(owner)).toEqual({ notes: 1, counter: 1 });
  });

  it.each<[Fault, 'told' | 'not told']>([
    ['503', 'told'],
    ['503 with Retry-After', 'told'],
    ['429 with Retry-After', 'told'],
    // Read again, to learn what came of it.
    ['truncated body', 'told'],
    ['malformed body', 'told'],
    ['reset in mid-answer', 'not told'],
    ['wrong content type', 'not told'],
    ['slow drip', 'not told'],
  ])('has a note once if it was said to be saved, and never twice: %p', async (fault, outcome) => {
    const owner = createOwner();
    // Time enough for a second try, where there is one.
    const store = createStore(outcome === 'told' ? 20_000 : 3_500);
    proxy.transactionFaults.push(fault);
    const saved = await store.save(owner, 'once').catch((error: unknown) => failureCode(error));
    expect(proxy.transactionFaults).toEqual([]);
    const { notes, counter } = await countRows(owner);
    expect(counter ?? 0).toBe(notes);
    if (outcome === 'told') expect(await store.list(owner, { limit: 10 })).toEqual({ notes: [saved] });
    else expect([saved, notes]).toEqual(['storage_unavailable', fault === 'wrong content type' ? 0 : 1]);
  });

  it('has a note once that the storage took after the deadline', async () => {
    const owner = createOwner();
    const tooLate = Promise.withResolvers<undefined>();
    proxy.faultOf = async ({ url = '' }) => {
      if (url.endsWith('$batch')) await tooLate.promise;
      return undefined;
    };
    await expect(createStore().save(owner, 'late')).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(await countRows(owner)).toEqual({ notes: 0, counter: undefined });
    proxy.faultOf = undefined;
    tooLate.resolve(undefined);
    for (let look = 0; look < 100 && (await countRows(owner)).notes === 0; look += 1) await delay(100);
    expect(await countRows(owner)).toEqual({ notes: 1, counter: 1 });
  });

  it.each<Fault>(['cut-before', 'silence', '503'])('writes nothing and says so on %p', async (fault) => {
    const owner = createOwner();
    const store = createStore(400);
    const unavailable = { code: 'storage_unavailable' };
    proxy.transactionFaults.push(fault, fault, fault);
    await expect(store.save(owner, 'lost')).rejects.toMatchObject(unavailable);
    expect(await countRows(owner)).toEqual({ notes: 0, counter: undefined });
    // Not before: a try that the deadline has met on its way is to meet the fault, too.
    proxy.transactionFaults.length = 0;
    proxy.fault = fault;
    try {
      await expect(store.list(owner, { limit: 1 })).rejects.toMatchObject(unavailable);
      await expect(store.delete(owner, '8000000000000-0123456789abcdef')).rejects.toMatchObject(unavailable);
    } finally {
      proxy.fault = 'none';
    }
  });
});
