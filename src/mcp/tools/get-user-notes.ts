import * as z from 'zod';
import { maxNotesPerPage } from '../../stores/note-store.ts';
import { note, noteId } from '../note-schemas.ts';
import { defineTool } from '../tool.ts';

export const getUserNotes = defineTool({
  name: 'get_user_notes',
  title: 'List your notes',
  description: 'Lists the notes of the signed-in user, newest first, page by page.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    limit: z
      .int()
      .min(1)
      .max(maxNotesPerPage)
      .default(20)
      .describe('Most notes in a page; a page of long notes ends early'),
    cursor: noteId.optional().describe('nextCursor of the page before'),
  }),
  output: z.object({
    notes: z.array(note),
    nextCursor: z.string().optional().describe('Present when there are more notes'),
  }),
  async handle({ limit, cursor }, { notes, principal }) {
    const page = await notes.list(principal, { limit, ...(cursor !== undefined && { cursor }) });
    return { notes: [...page.notes], nextCursor: page.nextCursor };
  },
});
