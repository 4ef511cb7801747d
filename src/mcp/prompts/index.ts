import { summarizeNotes } from './summarize-notes.ts';

/** Every prompt. Add yours here. */
export const prompts = [summarizeNotes] as const;
