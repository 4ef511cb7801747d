import { deriveKey, openEnvelope, sealEnvelope } from './envelope.ts';

/** Encryption that only who holds a token can undo. A token has at least 128 random bits: it is not stretched. */
export interface TokenSealer {
  seal(plaintext: string, token: string): Promise<string>;
  /** Undefined where it was not sealed with this token. */
  open(sealed: string, token: string): Promise<string | undefined>;
}

const place = 'entra-mcp reply to a token';

export function createTokenSealer(): TokenSealer {
  return {
    seal: (plaintext, token) => sealEnvelope(plaintext, deriveKey(token, place), { place }),
    open: (sealed, token) => openEnvelope(sealed, deriveKey(token, place), place),
  };
}
