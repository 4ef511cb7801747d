import { AppError } from '../errors.ts';
import { describeCause, type LogFields } from '../log.ts';

/** What the log says of a failure: of our own its code, detail and cause, of any other its chain of messages. */
export function describeFailure(error: unknown): LogFields {
  if (!(error instanceof AppError)) return { cause: describeCause(error) };
  const { code, detail, cause } = error;
  return { error: code, detail, cause: cause === undefined ? undefined : describeCause(cause) };
}
