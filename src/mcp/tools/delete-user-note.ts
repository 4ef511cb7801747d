import * as z from 'zod';
import { ToolError } from '../failures.ts';
import { noteId } from '../note-schemas.ts';
import { defineTool } from '../tool.ts';

export const deleteUserNote = defineTool({
  name: 'delete_user_note',
  title: 'Delete a note',
  description: 'Deletes one note of the signed-in user for good.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({ id: noteId }),
  output: z.object({ id: noteId, deleted: z.literal(true) }),
  async handle({ id }, { notes, principal }) {
    if (!(await notes.delete(principal, id))) throw new ToolError('You have no note with this id.');
    return { id, deleted: true as const };
  },
});
