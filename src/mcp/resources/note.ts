import { maxNotesPerPage, noteIdPattern, type Note } from '../../stores/note-store.ts';
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
    const after = cursor !== undefined && noteIdPattern.test(cursor) ? { cursor } : {};
    const page = await notes.list(principal, { limit: maxNotesPerPage, ...after });
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
    id: (typed, { notes, principal }) => notes.listIds(principal, { prefix: typed, limit: maxNotesPerPage }),
  },
});
