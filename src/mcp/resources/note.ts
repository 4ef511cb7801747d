import { maxNotesPerPage, noteIdPattern, type Note } from '../../stores/note-store.ts';
import { createInvalidCursor } from '../failures.ts';
import { defineResource } from '../resource.ts';

const mimeType = 'text/plain';
/** Characters of a note that stand for it in a list. */
const excerptLength = 80;

function toUri(id: string): string {
  return `note:///${id}`;
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  // toWellFormed: the cut may fall inside a surrogate pair.
  return line.length > excerptLength ? `${line.slice(0, excerptLength).toWellFormed()}…` : line;
}

function toListed({ id, text, createdAt }: Note) {
  const annotations = { audience: ['user' as const], lastModified: createdAt };
  return { uri: toUri(id), name: id, title: excerpt(text) || id, mimeType, annotations };
}

export const note = defineResource({
  name: 'note',
  title: 'Note',
  description: 'A note of the signed-in user',
  mimeType,
  uri: 'note:///{id}',
  async list({ notes, principal }, cursor) {
    if (cursor !== undefined && !noteIdPattern.test(cursor)) throw createInvalidCursor();
    const page = await notes.list(principal, {
      limit: maxNotesPerPage,
      ...(cursor !== undefined && { cursor }),
    });
    return {
      resources: page.notes.map(toListed),
      ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
    };
  },
  async read({ id = '' }, { notes, principal }) {
    const found = noteIdPattern.test(id) ? await notes.get(principal, id) : undefined;
    return found && [{ uri: toUri(id), mimeType, text: found.text }];
  },
  complete: {
    // One more than an answer may hold, to tell whether there are more.
    id: (typed, { notes, principal }) => notes.listIds(principal, { prefix: typed, limit: 101 }),
  },
});
