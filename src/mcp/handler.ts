import {
  createMcpHandler,
  isLegacyRequest,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { AppError } from '../errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { exchangeOf, toAuthInfo } from './auth-info.ts';
import { checkBatch, withoutCancellations } from './batch.ts';
import type { McpExchange, Services } from './context.ts';
import { createMessageSpans } from './message-spans.ts';
import { modernVersion, protocolVersions } from './protocol-versions.ts';
import { createServerFactory } from './server.ts';
import type { Surface } from './surface.ts';

/**
 * Serves one MCP message, or a batch of 2025-03-26: the request with its body already parsed.
 * Throws AppError `not_acceptable`, `invalid_request`, `batch_too_long`.
 */
export type McpHandler = (request: Request, body: unknown, exchange: McpExchange) => Promise<Response>;

/** What is looked at in a message before the SDK has read it. */
interface LooseMessage {
  readonly method?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> | null } | null;
}

function metaOf(message: LooseMessage | null): Readonly<Record<string, unknown>> {
  return message?.params?._meta ?? {};
}

function hasProgressToken(message: unknown): boolean {
  return metaOf(message as LooseMessage | null).progressToken !== undefined;
}

/**
 * A request that names the stateless revision: never of 2025, without asking the SDK, which reads the whole message to
 * tell. A handshake that names it, and an answer that does, are for the SDK to judge.
 */
function isSurelyModern(body: unknown): boolean {
  const message = body as LooseMessage | null;
  return (
    metaOf(message)[PROTOCOL_VERSION_META_KEY] === modernVersion &&
    message?.method !== 'initialize' &&
    message?.result === undefined &&
    message?.error === undefined
  );
}

/** Whether the client takes a media type (RFC 9110 section 12.5.1, weights left aside). */
function accepts(request: Request, mediaType: string): boolean {
  const accept = request.headers.get('accept')?.toLowerCase() ?? '*/*';
  return [mediaType, mediaType.replace(/\/.*/, '/*'), '*/*'].some((range) => accept.includes(range));
}

const bothMediaTypes = ['application/json', 'text/event-stream'];

/** The SDK wants both media types named whichever it sends; what is checked here is the one that will be sent. */
function withBothAccepted(request: Request): Request {
  const given = request.headers.get('accept') ?? '';
  if (bothMediaTypes.every((mediaType) => given.includes(mediaType))) return request;
  const headers = new Headers(request.headers);
  headers.set('accept', bothMediaTypes.join(', '));
  return new Request(request.url, { method: request.method, headers, signal: request.signal });
}

/** What clients do wrong is told to them; what else the SDK reports is for the log. */
function isRefusal(error: Error): boolean {
  return error instanceof ProtocolError || error.message.startsWith('Rejected inbound request');
}

/**
 * MCP in both eras from one surface. 2026-07-28 goes to the SDK's own entry. So would 2025, but that answers every
 * request with a stream, and an open stream holds one of an instance's few places: here a 2025 client gets plain JSON
 * unless something can be sent before the result (the client asked for progress, or the surface logs).
 */
export function createMcpFetch(
  surface: Surface,
  services: Services,
  report: (error: Error) => void,
  telemetry?: Telemetry,
): McpHandler {
  const createServer = createServerFactory(
    surface,
    services,
    telemetry && createMessageSpans(surface, telemetry),
  );
  const modern = createMcpHandler(({ authInfo }) => createServer(exchangeOf(authInfo)), {
    legacy: 'reject',
    onerror(error) {
      if (!isRefusal(error)) report(error);
    },
  });

  async function serveLegacy(request: Request, body: unknown, exchange: McpExchange): Promise<Response> {
    checkBatch(request, body);
    const parsedBody = withoutCancellations(body);
    const messages: readonly unknown[] = Array.isArray(parsedBody) ? parsedBody : [parsedBody];
    const streams =
      accepts(request, 'text/event-stream') && (surface.logging === true || messages.some(hasProgressToken));
    const server = createServer(exchange);
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: !streams,
      supportedProtocolVersions: [...protocolVersions],
    });
    await server.connect(transport);
    return transport.handleRequest(withBothAccepted(request), { authInfo: toAuthInfo(exchange), parsedBody });
  }

  return async function handleMcp(request, body, exchange) {
    if (!accepts(request, 'application/json')) throw new AppError('not_acceptable');
    if (!isSurelyModern(body) && (await isLegacyRequest(request, body)))
      return serveLegacy(request, body, exchange);
    return modern.fetch(request, { authInfo: toAuthInfo(exchange), parsedBody: body });
  };
}
