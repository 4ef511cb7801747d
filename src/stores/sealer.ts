/** Authenticated encryption of what is stored. */
export interface Sealer {
  /**
   * Encrypts under the current key and names that key.
   * @param place where it will be stored: it opens nowhere else
   */
  seal(plaintext: string, place: string): Promise<string>;
  /** Undefined where no key that is known opens it, or it was sealed for another place. */
  open(sealed: string, place: string): Promise<string | undefined>;
}
