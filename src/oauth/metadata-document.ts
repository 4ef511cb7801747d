import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { connect as startTls } from 'node:tls';
import * as z from 'zod';
import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';
import { parseJson } from '../json.ts';
import {
  checkFetchUrl,
  connectTo,
  resolveName,
  resolvePublicAddresses,
  type Connect,
  type Resolve,
} from './address-guard.ts';
import { normalizeClientMetadata, type ClientPolicy } from './client-metadata.ts';
import { urlOf } from './fetch-input.ts';

/** A metadata document, bytes (Client ID Metadata Documents, draft -02, recommends 5 KB). */
const maxDocumentBytes = 5 * 1_024;
/** A key set, bytes. */
const maxKeySetBytes = 64 * 1_024;
/** From the name to the last byte, milliseconds. */
const defaultTimeoutMs = 10_000;
/** Bounds of what a document says of its own lifetime, seconds. */
const minLifetime = 30;
const maxLifetime = 24 * 60 * 60;

export interface DocumentFetchOptions extends ClientPolicy {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Each failure, for the log. Its detail names the URL. */
  readonly report: (failure: AppError) => void;
  /** What a host name resolves to; its answers are checked, whoever gives them. */
  readonly resolve?: Resolve;
  /** Opens the connection; it is given addresses that were checked. */
  readonly connect?: Connect;
  /** For the whole of a fetch, 10,000 unless told. */
  readonly timeoutMs?: number;
}

function unavailable(detail: string, cause?: unknown): AppError {
  return new AppError('client_metadata_unavailable', { detail, ...(cause !== undefined && { cause }) });
}

function unusable(detail: string, cause?: unknown): AppError {
  return new AppError('invalid_client_metadata', { detail, ...(cause !== undefined && { cause }) });
}

/** Everything that goes out: nothing of the request that led here, no cookie, no credential. */
const headers = {
  accept: 'application/json',
  'accept-encoding': 'identity',
  connection: 'close',
  'user-agent': 'entra-mcp',
} as const;

/**
 * One GET on a connection of its own to one of the addresses, the certificate verified for the URL's host. No agent is
 * asked: none reuses a connection, and none follows the environment to a proxy.
 */
function send(
  url: URL,
  addresses: readonly string[],
  connect: Connect,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const options: RequestOptions = {
    host,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host },
    signal,
    createConnection: () =>
      startTls({
        socket: connect(addresses, url.port === '' ? 443 : Number(url.port)),
        host,
        // RFC 6066 section 3 allows no address here; the certificate is checked against `host` all the same.
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
      }),
  };
  return new Promise((resolve, reject) => {
    request(options, resolve).on('error', reject).end();
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the connection.
    if (length > maxKeySetBytes) throw unusable(`has more than ${maxKeySetBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeJson(body: Buffer): unknown {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw unusable('is not JSON in UTF-8, or has a key twice or one that leads to prototypes', cause);
  }
}

const documentSchema = z.object({ client_id: z.unknown() }).refine((value) => value.client_id !== undefined);
const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * What oidc-provider is to read. It fetches documents and key sets by the same function; which one it asked for shows in
 * what comes: it takes nothing for a document that has no `client_id`, and nothing for a key set that has no `keys`.
 */
function readContent(url: string, body: Buffer, policy: ClientPolicy): object {
  const content = decodeJson(body);
  if (!documentSchema.safeParse(content).success) {
    const keySet = keySetSchema.safeParse(content);
    if (!keySet.success) throw unusable('is neither a metadata document nor a key set');
    return keySet.data;
  }
  if (body.length > maxDocumentBytes) throw unusable(`has more than ${maxDocumentBytes} bytes`);
  const metadata = normalizeClientMetadata(content, 'document', policy);
  if (metadata.client_id !== url) throw unusable('names another client_id than its own URL');
  return metadata;
}

/** How long the content may be kept, seconds. */
function readLifetime(response: IncomingMessage, now: number): number {
  const { 'cache-control': cacheControl = '', expires = '' } = response.headers;
  const maxAge = /(?:^|,)\s*max-age\s*=\s*"?(\d+)/i.exec(cacheControl)?.[1];
  const asked = maxAge === undefined ? (Date.parse(expires) - now) / 1_000 : Number(maxAge);
  const keepable = /(?:^|,)\s*no-(?:store|cache)/i.test(cacheControl) ? 0 : asked;
  return Math.max(minLifetime, Math.min(maxLifetime, Math.floor(keepable) || 0));
}

async function fetchContent(
  url: string,
  options: DocumentFetchOptions,
  signal: AbortSignal,
): Promise<Response> {
  const { connect = connectTo, resolve = resolveName, now } = options;
  const target = new URL(url);
  const addresses = await resolvePublicAddresses(target.hostname, resolve);
  // The time may have run out on the name: then nothing is connected to any more.
  signal.throwIfAborted();
  const response = await send(target, addresses, connect, signal);
  try {
    if (response.statusCode !== 200) throw unavailable(`was answered with ${response.statusCode ?? 0}`);
    const content = readContent(url, await readBody(response), options);
    return Response.json(content, {
      headers: { 'cache-control': `max-age=${readLifetime(response, now())}` },
    });
  } finally {
    response.destroy();
  }
}

/** The failure with the URL in its detail. A URL that a client chose is no secret. */
function describeFailure(url: string, error: unknown): AppError {
  const failure = error instanceof AppError ? error : unavailable('could not be fetched', error);
  const detail = `${url.slice(0, 200)} ${failure.detail ?? ''}`.trim();
  return new AppError(failure.code, { detail, cause: failure.cause ?? failure });
}

/**
 * A `fetch` for oidc-provider that gets what clients publish: metadata documents, which come back normalized, and key
 * sets. Only https, only from public addresses (see address-guard.ts), no redirect, at most 5 KB (64 KB for a key set)
 * and 10 s in all; what is sent does not depend on the caller. The answer may be kept for 30 s to a day
 * (`Cache-Control`). The caller's `signal` is not heeded: oidc-provider would give a document's server only 2.5 s.
 * @throws AppError `client_metadata_unavailable` when it cannot be had now, `invalid_client_metadata` or
 *   `invalid_redirect_uri` when it is of no use
 */
export function createDocumentFetch(options: DocumentFetchOptions): typeof fetch {
  const { report, timeoutMs = defaultTimeoutMs } = options;

  return async function fetchDocument(input) {
    const url = urlOf(input);
    const expiry = new AbortController();
    try {
      const fault = checkFetchUrl(url);
      if (fault !== undefined) throw unusable(fault);
      const timeout = () => unavailable(`did not answer within ${timeoutMs} ms`);
      return await withDeadline(fetchContent(url, options, expiry.signal), timeoutMs, timeout);
    } catch (error) {
      const failure = describeFailure(url, error);
      report(failure);
      throw failure;
    } finally {
      expiry.abort();
    }
  };
}
