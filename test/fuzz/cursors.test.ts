import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { ProtocolError } from '@modelcontextprotocol/server';
import { defineResource } from '../../src/mcp/resource.ts';
import { listResources, readResource } from '../../src/mcp/resource-handlers.ts';
import { note } from '../../src/mcp/resources/note.ts';
import { noteIdPattern, type NoteStore } from '../../src/stores/note-store.ts';
import { testPrincipal } from '../support/guarded.ts';
import { expectToHold } from '../support/fuzz.ts';
import { createTestContext } from '../support/mcp-context.ts';
import { anyEdit, anyText, change, checkPrototypes, jsonText, textOf } from './arbitraries.ts';

const id = '8199999999999-0123456789abcdef';

/** What a store is asked for, and by whom. */
interface Asked {
  readonly owner: unknown;
  readonly word: string | undefined;
}

function createRecordingStore(asked: Asked[]): NoteStore {
  return {
    save: () => Promise.reject(new Error('nothing is saved here')),
    delete: () => Promise.reject(new Error('nothing is deleted here')),
    list(owner, { cursor }) {
      asked.push({ owner, word: cursor });
      return Promise.resolve({ notes: [], nextCursor: id });
    },
    listIds: () => Promise.resolve([]),
    get(owner, word) {
      asked.push({ owner, word });
      return Promise.resolve(undefined);
    },
  };
}

const encode = (text: string) => Buffer.from(text).toString('base64url');
const anyCursor = fc.oneof(
  anyText,
  jsonText(['0', 'length'], [`"${id}"`, '[0]', '[0,"x"]']).map(encode),
  fc
    .tuple(fc.integer({ min: -2, max: 3 }), fc.oneof(anyText, fc.constant(id)))
    .map((pair) => encode(JSON.stringify(pair))),
  fc.tuple(anyEdit).map(([edit]) => change(encode(`[0,"${id}"]`), edit)),
);

describe('a cursor of resources/list', () => {
  it('gives a page, or -32602; the store is asked by the caller’s own name and with an id or nothing', () =>
    expectToHold(
      fc.asyncProperty(anyCursor, async (cursor) => {
        const asked: Asked[] = [];
        const context = createTestContext({ notes: createRecordingStore(asked) });
        const page = await listResources([note], cursor, context).catch((error: unknown) => {
          if (error instanceof ProtocolError && error.code === -32_602) return undefined;
          throw error;
        });
        checkPrototypes();
        const isOwn = asked.every(
          ({ owner, word }) => owner === testPrincipal && (word === undefined || noteIdPattern.test(word)),
        );
        return isOwn && asked.length === (page === undefined ? 0 : 1);
      }),
    ));

  it('leads on from where the page before has ended, whatever the resource calls the place', () =>
    expectToHold(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 4 }),
        fc.nat(2),
        async (places, before) => {
          const seen: (string | undefined)[] = [];
          const read = () => undefined;
          const base = { title: 'T', description: 'D', mimeType: 'text/plain', read };
          const empty = defineResource({ ...base, name: 'empty', uri: 'empty:///{id}' });
          const paged = defineResource({
            ...base,
            name: 'paged',
            uri: 'paged:///{id}',
            list: (_context, cursor) => {
              seen.push(cursor);
              const next = places[seen.length - 1];
              return Promise.resolve({ resources: [], ...(next !== undefined && { nextCursor: next }) });
            },
          });
          const all = [...Array.from({ length: before }, () => empty), paged];
          let cursor: string | undefined;
          do cursor = (await listResources(all, cursor, createTestContext())).nextCursor;
          while (cursor !== undefined);
          return (
            JSON.stringify(seen) === JSON.stringify([undefined, ...places].map((place) => place ?? null))
          );
        },
      ),
    ));
});

const uris = fc.oneof(
  anyText,
  textOf(['note:///', 'note:', '/', '//', id, '%2f', '%00', '..', '?', '#', 'NOTE:///', '{id}', ' ']),
);

describe('the URI of a note', () => {
  it('is found under the caller’s own name and by an id, or is not found', () =>
    expectToHold(
      fc.asyncProperty(uris, async (uri) => {
        const asked: Asked[] = [];
        const context = createTestContext({ notes: createRecordingStore(asked) });
        const code = await readResource([note], uri, context).then(
          () => 'found',
          (error: unknown) => (error instanceof ProtocolError ? error.code : error),
        );
        const isOwn = asked.every(
          ({ owner, word }) => owner === testPrincipal && noteIdPattern.test(word ?? ''),
        );
        return isOwn && code !== 'found' && typeof code === 'number' && asked.length <= 1;
      }),
    ));
});
