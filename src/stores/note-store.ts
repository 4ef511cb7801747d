import type { Owner } from './owner.ts';

/** Most notes that one owner may keep. */
export const maxNotesPerOwner = 1_000;
/** Longest text of a note, in Unicode characters (code points). */
export const maxNoteCharacters = 16_384;
/** Most text in one page, bytes of UTF-8; a page holds one note in any case. */
export const maxPageBytes = 262_144;
/** Most notes in one page. */
export const maxNotesPerPage = 100;

/** Ids are made by the store and sort newest first; anything else cannot be the id of a note. */
export const noteIdPattern = /^[0-9]{13}-[0-9a-f]{16}$/;

export interface Note {
  /** Matches {@link noteIdPattern}. */
  readonly id: string;
  /** 1 to {@link maxNoteCharacters} characters, returned exactly as saved. */
  readonly text: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
}

export interface NotePage {
  /** Newest first. */
  readonly notes: readonly Note[];
  /** Present when there are more: give it to the next `list` of the same owner. */
  readonly nextCursor?: string;
}

/** Thrown by `save` when the owner already has {@link maxNotesPerOwner} notes. Nothing was written. */
export class NoteLimitError extends Error {
  override readonly name = 'NoteLimitError';
}

/**
 * Notes, each in its owner's own space: no operation reaches a note of another owner.
 * Every method throws `AppError` `storage_unavailable` when the storage does not answer.
 */
export interface NoteStore {
  /**
   * Saves a new note. A retry below this call never saves it twice.
   * @throws NoteLimitError when the owner is at the limit
   * @throws AppError `storage_contended` when too many writers of the same owner got in the way
   */
  save(owner: Owner, text: string): Promise<Note>;
  /**
   * One page, newest first. `limit` is 1 to {@link maxNotesPerPage}; `cursor` is a `nextCursor`. The page ends early
   * where it would hold more than {@link maxPageBytes}.
   */
  list(owner: Owner, options: { readonly limit: number; readonly cursor?: string }): Promise<NotePage>;
  /** Ids that begin with `prefix`, newest first, at most `limit` (1 to {@link maxNotesPerOwner}). */
  listIds(
    owner: Owner,
    options: { readonly prefix: string; readonly limit: number },
  ): Promise<readonly string[]>;
  /** The note, or undefined when this owner has none with this id. */
  get(owner: Owner, id: string): Promise<Note | undefined>;
  /** True when the note was there and is now gone, false when this owner has none with this id. */
  delete(owner: Owner, id: string): Promise<boolean>;
}
