import * as z from 'zod';
import { maxNoteCharacters, noteIdPattern } from '../stores/note-store.ts';

/** Text of a note. Counted as JSON Schema counts: in Unicode characters, not in UTF-16 units. */
export const noteText = z
  .string()
  .min(1, 'must not be empty')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (no lone surrogates)')
  .refine((text) => text.length <= maxNoteCharacters || Array.from(text).length <= maxNoteCharacters, {
    message: `must be at most ${maxNoteCharacters} characters`,
  })
  .meta({
    maxLength: maxNoteCharacters,
    description: `1 to ${maxNoteCharacters} characters of any Unicode text`,
  });

export const noteId = z
  .string()
  .regex(noteIdPattern, 'is not the id of a note')
  .describe('As save_user_note and get_user_notes give it');

export const note = z.object({ id: noteId, text: z.string(), createdAt: z.iso.datetime() });
