import { AppError } from '../errors.ts';
import { describeCause, type LogFields } from '../log.ts';

/** Most of an error's frames in a line: where it was thrown, and who called. */
const maxFrames = 5;

/** Where an error was thrown, its innermost frames first, without its message. */
function describeStack(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Anybody may have put anything there.
  const stack: unknown = error.stack;
  if (typeof stack !== 'string') return undefined;
  const head = `${error.name}: ${error.message}`;
  const frames = (stack.startsWith(head) ? stack.slice(head.length) : stack)
    .split('\n')
    .filter((line) => /^ +at /.test(line));
  const told = frames.slice(0, maxFrames).map((frame) => frame.trim().replace(/^at /, ''));
  return told.length === 0 ? undefined : told.join(' <- ');
}

/**
 * What the log says of a failure: of our own its code, detail and cause, of any other, which is a mistake in the code,
 * its chain of messages and where it was thrown.
 */
export function describeFailure(error: unknown): LogFields {
  if (!(error instanceof AppError)) return { cause: describeCause(error), stack: describeStack(error) };
  const { code, detail, cause } = error;
  return {
    error: code,
    detail,
    cause: cause === undefined ? undefined : describeCause(cause),
    stack: code === 'internal_error' ? describeStack(cause) : undefined,
  };
}
