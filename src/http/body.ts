import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';
import { parseJson } from '../json.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Milliseconds in which a body must have arrived: a slow one holds one of the instance's few places. */
const arrivalMs = 30_000;

function throwBrokenOff(error: unknown): never {
  throw new AppError('invalid_request', { detail: 'the body broke off', cause: error });
}

async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(throwBrokenOff);
    if (done) return Buffer.concat(chunks, size);
    size += value.byteLength;
    if (size > limit) throw new AppError('body_too_large');
    chunks.push(value);
  }
}

function giveUp(): AppError {
  return new AppError('request_timeout');
}

/** Of a length that nobody told. */
async function readStream(body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> {
  const reader = body.getReader();
  return withDeadline(collect(reader, limit), arrivalMs, giveUp).catch((error: unknown) => {
    // Nothing more of it is wanted, and nothing more of it is to be held.
    reader.cancel().catch(() => undefined);
    throw error;
  });
}

/** Of a length that was told and that HTTP holds it to: in one piece, which takes a fraction of the time. */
async function readWhole(request: Request, limit: number): Promise<ArrayBuffer> {
  const bytes = await withDeadline(request.arrayBuffer().catch(throwBrokenOff), arrivalMs, giveUp);
  if (bytes.byteLength > limit) throw new AppError('body_too_large');
  return bytes;
}

async function readBytes(request: Request, limit: number): Promise<Buffer | ArrayBuffer | undefined> {
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > limit) throw new AppError('body_too_large');
  if (length !== null) return readWhole(request, limit);
  return request.body === null ? undefined : readStream(request.body, limit);
}

/**
 * Reads a body whole, never holding more than the limit.
 * @throws AppError `unsupported_encoding` for a compressed body (a small one can unfold into any size),
 *   `body_too_large` past `limit` bytes, `request_timeout` when it takes longer than 30 seconds, `invalid_request` when
 *   it breaks off, `invalid_json` where the bytes are not UTF-8
 */
export async function readBody(request: Request, limit: number): Promise<string> {
  // Neither has one; to look for it makes hosts build a stream.
  if (request.method === 'GET' || request.method === 'HEAD') return '';
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') throw new AppError('unsupported_encoding');
  const bytes = await readBytes(request, limit);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new AppError('invalid_json', { cause: error });
  }
}

/**
 * The body as JSON.
 * @throws AppError `unsupported_media_type` unless the request says that it is JSON, `invalid_json`, `unsafe_keys`
 */
export function parseJsonBody(request: Request, body: string): unknown {
  const mediaType = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new AppError('unsupported_media_type');
  return parseJson(body);
}
