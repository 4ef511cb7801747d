import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import type { RecordStore } from '../../src/stores/record-store.ts';

export const valueSchema = z.object({ text: z.string() });
export type Value = z.infer<typeof valueSchema>;

const noon = Date.parse('2026-01-02T12:00:00.000Z');
const minute = 60_000;

/** What every record store must do. `createStore` opens the same storage with the given clock. */
export function describeRecordStore(
  name: string,
  createStore: (now: () => number) => RecordStore<Value>,
): void {
  const open = () => createStore(() => noon);
  const end = noon + minute;

  describe(`${name} as a record store`, () => {
    it('finds what was inserted, with its end, on every instance', async () => {
      const id = randomUUID();
      expect(await open().insert(id, { text: 'a' }, end)).toBe(true);
      const record = { value: { text: 'a' }, expiresAt: end, version: expect.any(String) };
      expect(await open().find(id)).toEqual(record);
    });

    it('finds nothing under an id that nobody used', async () => {
      const store = open();
      expect(await store.find(randomUUID())).toBeUndefined();
      expect(await store.take(randomUUID())).toBeUndefined();
      await expect(store.remove(randomUUID())).resolves.toBeUndefined();
    });

    it('takes any text for an id and keeps ids apart', async () => {
      const store = open();
      const run = randomUUID();
      const ids = ['', 'a', 'A', 'https://client.example/?x#/\\', "' or ''", '\u2028', 'x'.repeat(9_000)];
      for (const id of ids) await store.insert(run + id, { text: id }, end);
      for (const id of ids) expect(await store.find(run + id)).toMatchObject({ value: { text: id } });
    });

    it('inserts only where nothing lasts', async () => {
      const store = open();
      const id = randomUUID();
      expect(await store.insert(id, { text: 'first' }, end)).toBe(true);
      expect(await store.insert(id, { text: 'second' }, end)).toBe(false);
      expect(await store.find(id)).toMatchObject({ value: { text: 'first' } });
    });

    it('inserts for one of 20 callers at once', async () => {
      const id = randomUUID();
      const texts = Array.from({ length: 20 }, (_, index) => String(index));
      const results = await Promise.all(texts.map((text) => open().insert(id, { text }, end)));
      const [winner] = texts.filter((_, index) => results[index]);
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await open().find(id)).toMatchObject({ value: { text: winner } });
    });

    it('saves over what is there', async () => {
      const store = open();
      const id = randomUUID();
      await store.save(id, { text: 'first' }, end);
      await store.save(id, { text: 'second' }, end + minute);
      expect(await store.find(id)).toMatchObject({ value: { text: 'second' }, expiresAt: end + minute });
    });

    it('replaces only the version that was read', async () => {
      const store = open();
      const id = randomUUID();
      await store.save(id, { text: 'first' }, end);
      const read = await store.find(id);
      if (read === undefined) throw new Error('it was saved');
      const replaced = await store.replace(id, { text: 'second' }, read);
      expect(replaced).toMatchObject({ value: { text: 'second' }, expiresAt: end });
      expect(replaced?.version).not.toBe(read.version);
      expect(await store.replace(id, { text: 'third' }, read)).toBeUndefined();
      expect(await open().find(id)).toEqual(replaced);
    });

    it('replaces what it has replaced without reading it, until somebody else has written', async () => {
      const store = open();
      const id = randomUUID();
      await store.save(id, { text: 'first' }, end);
      const read = await store.find(id);
      if (read === undefined) throw new Error('it was saved');
      const second = await store.replace(id, { text: 'second' }, read);
      if (second === undefined) throw new Error('it was replaced');
      const third = await store.replace(id, { text: 'third' }, second, end + minute);
      expect(third).toMatchObject({ value: { text: 'third' }, expiresAt: end + minute });
      if (third === undefined) throw new Error('it was replaced again');
      await open().save(id, { text: 'of another' }, end);
      expect(await store.replace(id, { text: 'fourth' }, third)).toBeUndefined();
      expect(await open().find(id)).toMatchObject({ value: { text: 'of another' }, expiresAt: end });
    });

    it('replaces for one of 20 callers that read the same version, and nothing that is gone', async () => {
      const id = randomUUID();
      await open().save(id, { text: 'first' }, end);
      const read = await open().find(id);
      if (read === undefined) throw new Error('it was saved');
      const texts = Array.from({ length: 20 }, (_, index) => String(index));
      const results = await Promise.all(texts.map((text) => open().replace(id, { text }, read)));
      expect(results.filter((result) => result !== undefined)).toHaveLength(1);
      await open().remove(id);
      expect(await open().replace(id, { text: 'late' }, read)).toBeUndefined();
      expect(await open().find(id)).toBeUndefined();
    });

    it('S5: gives a record to exactly one of 50 that take it at once', async () => {
      for (let round = 0; round < 3; round += 1) {
        const id = randomUUID();
        await open().insert(id, { text: 'once' }, end);
        const taken = await Promise.all(Array.from({ length: 50 }, () => open().take(id)));
        expect(taken.filter((value) => value !== undefined)).toEqual([{ text: 'once' }]);
        expect(await open().find(id)).toBeUndefined();
      }
    });

    it('gives a record once that is written to while it is taken', async () => {
      const id = randomUUID();
      await open().save(id, { text: 'old' }, end);
      const read = await open().find(id);
      if (read === undefined) throw new Error('it was saved');
      const [taken, again, replaced] = await Promise.all([
        open().take(id),
        open().take(id),
        open().replace(id, { text: 'new' }, read),
      ]);
      const winners = [taken, again].filter((value) => value !== undefined);
      expect(winners).toEqual([replaced?.value ?? { text: 'old' }]);
    });

    it('forgets what is removed', async () => {
      const store = open();
      const id = randomUUID();
      await store.save(id, { text: 'a' }, end);
      await store.remove(id);
      expect(await store.find(id)).toBeUndefined();
      expect(await store.insert(id, { text: 'b' }, end)).toBe(true);
    });

    it('S26: neither finds nor gives what has ended, swept or not', async () => {
      let now = noon;
      const store = createStore(() => now);
      const id = randomUUID();
      await store.insert(id, { text: 'a' }, end);
      now = end - 1;
      expect(await store.find(id)).toMatchObject({ value: { text: 'a' } });
      now = end;
      expect(await store.find(id)).toBeUndefined();
      expect(await store.take(id)).toBeUndefined();
    });

    it('S26: inserts over what has ended, once', async () => {
      let now = noon;
      const store = createStore(() => now);
      const id = randomUUID();
      await store.insert(id, { text: 'old' }, end);
      now = end;
      const texts = Array.from({ length: 10 }, (_, index) => String(index));
      const results = await Promise.all(texts.map((text) => store.insert(id, { text }, end + minute)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.find(id)).toMatchObject({ value: { text: texts[results.indexOf(true)] } });
    });
  });
}
