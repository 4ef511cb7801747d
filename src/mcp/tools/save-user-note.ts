import * as z from 'zod';
import { maxNotesPerOwner, NoteLimitError } from '../../stores/note-store.ts';
import { ToolError } from '../failures.ts';
import { note, noteText } from '../note-schemas.ts';
import { defineTool } from '../tool.ts';

export const saveUserNote = defineTool({
  name: 'save_user_note',
  title: 'Save a note',
  description: `Saves a note for the signed-in user, who alone can read it. At most ${maxNotesPerOwner} notes each.`,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.object({ text: noteText }),
  output: note.omit({ text: true }),
  async handle({ text }, { notes, principal }) {
    try {
      const { id, createdAt } = await notes.save(principal, text);
      return { id, createdAt };
    } catch (error) {
      if (!(error instanceof NoteLimitError)) throw error;
      throw new ToolError(
        `You already have ${maxNotesPerOwner} notes. Delete some with delete_user_note first.`,
      );
    }
  },
});
