import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { createNoteTable } from '../../src/azure/note-table.ts';
import { partitionOf } from '../../src/azure/owner-partition.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { AppError } from '../../src/errors.ts';
import type { Note, NoteStore } from '../../src/stores/note-store.ts';
import type { Owner } from '../../src/stores/owner.ts';
import { expectToHold } from '../support/fuzz.ts';
import { createTestEnvironment } from '../support/server.ts';
import { anyEdit, anyText, change, textOf, type Edit } from './arbitraries.ts';

/** Between two others in the order of partitions, so that a range that goes too far would reach one of them. */
const owners = ['0', '8', 'f'].map((first) => ({
  tenantId: '11111111-1111-4111-8111-111111111111',
  objectId: `${first}${randomUUID().slice(1)}`,
}));
const [before, caller, after] = owners as [Owner, Owner, Owner];

let store: NoteStore;
let own: Note[];
let others: Note[];

beforeAll(async () => {
  const tables = createTables(loadConfig(createTestEnvironment()).tables);
  await tables.ensureTables();
  store = createNoteTable(tables);
  const saveTwo = async (owner: Owner) => [await store.save(owner, 'one'), await store.save(owner, 'two')];
  own = await saveTwo(caller);
  others = [...(await saveTwo(before)), ...(await saveTwo(after))];
});

const pieces = [
  "' or '1' eq '1",
  "' or RowKey ge '",
  "''",
  '0000000000000-',
  '9999999999999-ffffffffffffffff',
  'count',
  '/',
  '..',
  '%27',
  '\u0000',
  '~',
  "')",
  partitionOf(caller),
  partitionOf(after),
];
/** Ids of both, changed ones, and whatever could end a key or a query. */
const anyWord = fc.oneof(textOf(pieces), anyText, fc.tuple(fc.nat(3), anyEdit), fc.nat(3));

/** Ids are known when the test runs, not before. */
function toWord(word: string | number | readonly [number, Edit]): string {
  if (typeof word === 'string') return word;
  if (typeof word === 'number') return others[word]?.id ?? '';
  return change(others[word[0]]?.id ?? '', word[1]);
}

/** The result, or undefined where the store refuses the word for what it is. */
function unlessRefused<T>(result: Promise<T>): Promise<T | undefined> {
  return result.catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'invalid_request') return undefined;
    throw error;
  });
}

describe('the notes in Table Storage', () => {
  it('are read by their owner alone, whatever id, cursor or beginning of an id is sent', () =>
    expectToHold(
      fc.asyncProperty(anyWord, fc.integer({ min: 1, max: 100 }), async (given, limit) => {
        const word = toWord(given);
        const page = await unlessRefused(store.list(caller, { limit, cursor: word }));
        const ids = await store.listIds(caller, { prefix: word, limit });
        const found = await store.get(caller, word);
        const read = [...(page?.notes ?? []), ...(found === undefined ? [] : [found])].map((note) => note.id);
        return [...read, ...ids].every((id) => own.some((note) => note.id === id));
      }),
      { cost: 50 },
    ));

  it('are deleted by their owner alone', () =>
    expectToHold(
      fc.asyncProperty(anyWord, async (given) => {
        const isGone = await store.delete(caller, toWord(given));
        const [, first, , last] = others;
        const isThere = [
          await store.get(before, first?.id ?? ''),
          await store.get(after, last?.id ?? ''),
        ].every((note) => note !== undefined);
        return !isGone && isThere;
      }),
      { cost: 50 },
    ));

  it('are under a key that no other owner has, and under none without two GUIDs', () =>
    expectToHold(
      fc.property(
        fc.uuid(),
        fc.uuid(),
        fc.oneof(anyText, textOf([':', "'", '1111', '-'])),
        (tenantId, objectId, word) => {
          const key = partitionOf({ tenantId: tenantId.toUpperCase(), objectId });
          const isRefused = [
            { tenantId: word, objectId },
            { tenantId, objectId: word },
          ].every((owner) => {
            try {
              partitionOf(owner);
              return false;
            } catch (error) {
              return error instanceof AppError && error.code === 'internal_error';
            }
          });
          return key === `${tenantId}:${objectId}` && isRefused;
        },
      ),
    ));
});
