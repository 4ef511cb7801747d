import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  maxNoteCharacters,
  maxPageBytes,
  noteIdPattern,
  type Note,
  type NoteStore,
} from '../../src/stores/note-store.ts';
import type { Owner } from '../../src/stores/owner.ts';

const start = Date.parse('2026-01-02T03:04:05.678Z');

const texts: readonly (readonly [string, string])[] = [
  ['a single character', 'x'],
  ['blanks only', ' \t '],
  ['CRLF, CR and LF', 'a\r\nb\rc\nd\r\n'],
  ['NUL and every control character', String.fromCharCode(...Array.from({ length: 160 }, (_, code) => code))],
  ['a byte order mark at the start', '\ufeffx'],
  ['noncharacters', '\ufffe\uffff\ufdd0\u{10ffff}'],
  ['line and paragraph separators', 'a\u2028b\u2029c'],
  ['combining marks, unnormalized', 'e\u0301 and \u00e9, \u1100\u1161'],
  ['emoji with joiners', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['right-to-left text', '\u202eעברית\u202c'],
  [
    'the syntax of OData, JSON and HTTP',
    `' or ''1'' {"a":"}"}\r\n--changeset_1\r\nDELETE /x HTTP/1.1\r\n\r\n`,
  ],
];

function createOwner(): Owner {
  return { tenantId: randomUUID(), objectId: randomUUID() };
}

async function readAll(store: NoteStore, owner: Owner, limit: number): Promise<Note[][]> {
  const pages: Note[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(owner, { limit, ...(cursor !== undefined && { cursor }) });
    pages.push([...page.notes]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

/** What every note store must do. `createStore` opens the same storage with the given clock. */
export function describeNoteStore(name: string, createStore: (now?: () => number) => NoteStore): void {
  describe(`${name} as a note store`, () => {
    it('gives a saved note back, alone and in the list', async () => {
      const store = createStore(() => start);
      const owner = createOwner();
      const note = await store.save(owner, 'first');
      expect(note).toEqual({
        id: expect.stringMatching(noteIdPattern),
        text: 'first',
        createdAt: '2026-01-02T03:04:05.678Z',
      });
      expect(await store.get(owner, note.id)).toEqual(note);
      expect(await store.list(owner, { limit: 1 })).toEqual({ notes: [note] });
    });

    it('has nothing for a new owner', async () => {
      expect(await createStore().list(createOwner(), { limit: 10 })).toEqual({ notes: [] });
    });

    it('lists newest first, and notes of one millisecond each once', async () => {
      let now = start;
      const store = createStore(() => now);
      const owner = createOwner();
      for (now of [start, start + 1, start + 1, start + 86_400_000])
        await store.save(owner, String(now - start));
      const { notes } = await store.list(owner, { limit: 10 });
      expect(notes.map(({ text }) => text)).toEqual(['86400000', '1', '1', '0']);
      expect(new Set(notes.map(({ id }) => id)).size).toBe(4);
    });

    it('pages through 250 notes without a gap, a repetition or an empty last page', async () => {
      let now = start;
      const store = createStore(() => (now += 1));
      const owner = createOwner();
      for (let count = 1; count <= 250; count += 1) await store.save(owner, String(count));
      const pages = await readAll(store, owner, 50);
      expect(pages.map((page) => page.length)).toEqual([50, 50, 50, 50, 50]);
      expect(pages.flat().map(({ text }) => Number(text))).toEqual(
        Array.from({ length: 250 }, (_, index) => 250 - index),
      );
      expect((await readAll(store, owner, 100)).map((page) => page.length)).toEqual([100, 100, 50]);
    });

    it('ends a page of long notes early, and loses none', async () => {
      const store = createStore();
      const owner = createOwner();
      const long = '🗒'.repeat(maxNoteCharacters);
      for (let index = 0; index < 9; index += 1) await store.save(owner, long);
      const pages = await readAll(store, owner, 100);
      expect(pages.map((page) => page.length)).toEqual([4, 4, 1]);
      expect(maxPageBytes).toBe(4 * Buffer.byteLength(long));
    });

    it('lists ids by their beginning, the owner’s own only', async () => {
      let time = start;
      const store = createStore(() => (time += 1_000_000_000));
      const owner = createOwner();
      const saved = [
        await store.save(owner, 'a'),
        await store.save(owner, 'b'),
        await store.save(owner, 'c'),
      ];
      const ids = saved.map((note) => note.id).reverse();
      expect(await store.listIds(owner, { prefix: '', limit: 10 })).toEqual(ids);
      expect(await store.listIds(owner, { prefix: '', limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await store.listIds(owner, { prefix: (ids[1] ?? '').slice(0, 20), limit: 10 })).toEqual([
        ids[1],
      ]);
      expect(await store.listIds(owner, { prefix: ids[1] ?? '', limit: 10 })).toEqual([ids[1]]);
      expect(await store.listIds(createOwner(), { prefix: '', limit: 10 })).toEqual([]);
    });

    it.each(['count', 'c', "' or '1' eq '1", '8~', '\u0000', '8'.repeat(40_000)])(
      'lists no id that begins with %j',
      async (prefix) => {
        const store = createStore();
        const owner = createOwner();
        await store.save(owner, 'a');
        expect(await store.listIds(owner, { prefix, limit: 10 })).toEqual([]);
      },
    );

    it('goes on from a cursor whose note is gone', async () => {
      let now = start;
      const store = createStore(() => (now += 1));
      const owner = createOwner();
      const oldest = await store.save(owner, 'oldest');
      await store.save(owner, 'newest');
      const { nextCursor = '' } = await store.list(owner, { limit: 1 });
      await store.delete(owner, nextCursor);
      expect(await store.list(owner, { limit: 1, cursor: nextCursor })).toEqual({ notes: [oldest] });
    });

    it('deletes a note once', async () => {
      const store = createStore();
      const owner = createOwner();
      const [kept, gone] = [await store.save(owner, 'kept'), await store.save(owner, 'gone')];
      expect(await store.delete(owner, gone.id)).toBe(true);
      expect(await store.delete(owner, gone.id)).toBe(false);
      expect(await store.get(owner, gone.id)).toBeUndefined();
      expect(await store.list(owner, { limit: 10 })).toEqual({ notes: [kept] });
    });

    it('lets one of several deletions of the same note succeed', async () => {
      const store = createStore();
      const owner = createOwner();
      const { id } = await store.save(owner, 'contended');
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.delete(owner, id)));
      expect(outcomes.filter(Boolean)).toEqual([true]);
    });

    it.each(texts)('returns %s exactly as saved', async (_description, text) => {
      const store = createStore();
      const owner = createOwner();
      const { id } = await store.save(owner, text);
      expect((await store.get(owner, id))?.text).toBe(text);
      expect((await store.list(owner, { limit: 1 })).notes[0]?.text).toBe(text);
    });

    it.each([
      ['ASCII', 'x'],
      ['two-unit', '😀'],
      ['escaped', '\u0001'],
    ])('keeps the longest text of %s characters', async (_description, character) => {
      const store = createStore();
      const owner = createOwner();
      const text = character.repeat(maxNoteCharacters);
      const { id } = await store.save(owner, text);
      expect((await store.get(owner, id))?.text === text).toBe(true);
    });

    it('keeps owners apart, whatever part of their key they share', async () => {
      const store = createStore();
      const owner = createOwner();
      const note = await store.save(owner, 'private');
      const others: Owner[] = [
        { ...owner, tenantId: randomUUID() },
        { ...owner, objectId: randomUUID() },
        { tenantId: owner.objectId, objectId: owner.tenantId },
      ];
      for (const other of others) {
        expect(await store.get(other, note.id)).toBeUndefined();
        expect(await store.delete(other, note.id)).toBe(false);
        expect(await store.list(other, { limit: 10 })).toEqual({ notes: [] });
      }
      expect(await store.get(owner, note.id)).toEqual(note);
    });

    it('takes an owner for the same one in either case of its GUIDs', async () => {
      const store = createStore();
      const owner = createOwner();
      const { id } = await store.save(owner, 'mine');
      const shouted = { tenantId: owner.tenantId.toUpperCase(), objectId: owner.objectId.toUpperCase() };
      expect((await store.get(shouted, id))?.text).toBe('mine');
    });

    it('refuses an owner that is not a pair of GUIDs', async () => {
      const store = createStore();
      const owner = { tenantId: randomUUID(), objectId: `${randomUUID()}' or ''` };
      await expect(store.save(owner, 'x')).rejects.toMatchObject({ code: 'internal_error' });
      await expect(store.list(owner, { limit: 1 })).rejects.toMatchObject({ code: 'internal_error' });
    });

    it.each(['', 'count', '*', "' or RowKey gt '", '../x', '0000000000000-00000000000000zz'])(
      'has no note with the malformed id "%s"',
      async (id) => {
        const store = createStore();
        const owner = createOwner();
        await store.save(owner, 'x');
        expect(await store.get(owner, id)).toBeUndefined();
        expect(await store.delete(owner, id)).toBe(false);
        await expect(store.list(owner, { limit: 1, cursor: id })).rejects.toMatchObject({
          code: 'invalid_request',
        });
      },
    );

    it.each([0, 101, 1.5, Number.NaN])('refuses pages of %p notes', async (limit) => {
      await expect(createStore().list(createOwner(), { limit })).rejects.toMatchObject({
        code: 'invalid_request',
      });
    });

    it('saves each of 20 notes at once, or says that too many were saved at once', async () => {
      const store = createStore();
      const owner = createOwner();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => store.save(owner, String(index))),
      );
      const saved = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ code: 'storage_contended' });
      }
      const { notes } = await store.list(owner, { limit: 100 });
      expect(notes.map(({ id }) => id)).toEqual(saved.sort());
      expect(saved).not.toEqual([]);
    });
  });
}
