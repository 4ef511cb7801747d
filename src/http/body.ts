import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Milliseconds in which a body must have arrived: a slow one holds one of the instance's few places. */
const arrivalMs = 30_000;

async function collect(body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Leaving the loop by a throw cancels the stream, so the rest is not read.
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > limit) throw new AppError('body_too_large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('invalid_request', { detail: 'the body broke off', cause: error });
  }
  return Buffer.concat(chunks, size);
}

/**
 * Reads a body whole, never holding more than the limit.
 * @throws AppError `unsupported_encoding` for a compressed body (a small one can unfold into any size),
 *   `body_too_large` past `limit` bytes, `request_timeout` when it takes longer than 30 seconds, `invalid_request` when
 *   it breaks off, `invalid_json` where the bytes are not UTF-8
 */
export async function readBody(request: Request, limit: number): Promise<string> {
  if (request.body === null) return '';
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') throw new AppError('unsupported_encoding');
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw new AppError('body_too_large');
  const bytes = await withDeadline(
    collect(request.body, limit),
    arrivalMs,
    () => new AppError('request_timeout'),
  );
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new AppError('invalid_json', { cause: error });
  }
}

/**
 * The body as JSON.
 * @throws AppError `unsupported_media_type` unless the request says that it is JSON, `invalid_json`
 */
export function parseJsonBody(request: Request, body: string): unknown {
  const mediaType = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new AppError('unsupported_media_type');
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // Without the cause: its message quotes the body, which no log may hold.
    throw new AppError('invalid_json');
  }
}
