/** A record as found. */
export interface StoredRecord<T> {
  readonly value: T;
  /** When it ends, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Changes with every write; what `replace` compares. */
  readonly version: string;
}

/**
 * Records that end by themselves, by an id that may itself be a secret: it is stored hashed (SHA-256) and the value
 * encrypted, so that a copy of the storage holds nothing that could be used. A record that has ended is never found.
 * Every operation throws AppError `storage_unavailable` when the storage does not answer, and what the keys throw.
 */
export interface RecordStore<T> {
  find(id: string): Promise<StoredRecord<T> | undefined>;
  /** False when there is a record that has not ended. */
  insert(id: string, value: T, expiresAt: number): Promise<boolean>;
  /** Inserts or overwrites. */
  save(id: string, value: T, expiresAt: number): Promise<void>;
  /**
   * Overwrites the record if it is still as it was found: what it is now, undefined otherwise.
   * @param expiresAt its new end; the one that it has unless given
   */
  replace(
    id: string,
    value: T,
    found: Pick<StoredRecord<T>, 'version' | 'expiresAt'>,
    expiresAt?: number,
  ): Promise<StoredRecord<T> | undefined>;
  /** Gives the record to exactly one caller, however many ask at once, on however many instances. */
  take(id: string): Promise<T | undefined>;
  remove(id: string): Promise<void>;
}
