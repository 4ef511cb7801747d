import { AppError } from '../errors.ts';

/** Most messages in a batch: what one request costs must not depend on how often it is repeated inside. */
const maxBatchLength = 10;

/** The one revision that has batches; a client of it may not have learned yet to send its version. */
const batchVersion = '2025-03-26';

function idOf(message: unknown): unknown {
  return (message as { id?: unknown } | null)?.id;
}

/**
 * Refuses batches that are too long, of a revision without batches, or with an id that is used twice, since only one
 * of the two answers could be told.
 * @throws AppError `invalid_request`, `batch_too_long`
 */
export function checkBatch(request: Request, body: unknown): void {
  if (!Array.isArray(body)) return;
  const version = request.headers.get('mcp-protocol-version') ?? batchVersion;
  if (version !== batchVersion)
    throw new AppError('invalid_request', { detail: 'a batch in a revision without them' });
  if (body.length > maxBatchLength)
    throw new AppError('batch_too_long', { detail: `${body.length} messages` });
  const ids = body.map(idOf).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length)
    throw new AppError('invalid_request', { detail: 'an id twice in a batch' });
}

/**
 * The messages without `notifications/cancelled`: each request here is a world of its own, so the only thing that such
 * a notification could stop is a call beside it in the same batch, which the SDK would then leave unanswered.
 */
export function withoutCancellations(body: unknown): unknown {
  if (!Array.isArray(body)) return body;
  return body.filter(
    (message) =>
      (message as { method?: unknown } | null)?.method !== 'notifications/cancelled' ||
      // A request, whatever it calls itself: it is answered.
      idOf(message) !== undefined,
  );
}
