/** Something the person at the terminal can put right: `message` is one line that says what and how. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Node's code of an error (`EADDRINUSE`); undefined where it has none. */
export function readCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** One line for an error of any kind. */
export function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim();
}
