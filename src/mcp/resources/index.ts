import { note } from './note.ts';

/** Every resource and resource template. Add yours here. */
export const resources = [note] as const;
