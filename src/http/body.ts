import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Milliseconds in which a body must have arrived: a slow one holds one of the instance's few places. */
const arrivalMs = 30_000;

async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new AppError('invalid_request', { detail: 'the body broke off', cause: error });
    });
    if (done) return Buffer.concat(chunks, size);
    size += value.byteLength;
    if (size > limit) throw new AppError('body_too_large');
    chunks.push(value);
  }
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
  const reader = request.body.getReader();
  const late = () => new AppError('request_timeout');
  const bytes = await withDeadline(collect(reader, limit), arrivalMs, late).catch((error: unknown) => {
    // Nothing more of it is wanted, and nothing more of it is to be held.
    reader.cancel().catch(() => undefined);
    throw error;
  });
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
