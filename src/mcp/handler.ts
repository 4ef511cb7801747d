import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
} from '@modelcontextprotocol/server';
import type { McpExchange, Services } from './context.ts';
import { protocolVersions } from './protocol-versions.ts';
import { createServerFactory } from './server.ts';
import type { Surface } from './surface.ts';

/** Serves one MCP message: the request with its body already parsed. */
export type McpHandler = (request: Request, body: unknown, exchange: McpExchange) => Promise<Response>;

/** The principal goes along as the exchange; the token itself stays behind, so that no tool can leak it. */
function toAuthInfo(exchange: McpExchange): AuthInfo {
  const { clientId, scopes, expiresAt } = exchange.principal;
  return { token: '', clientId, scopes: [...scopes], expiresAt, extra: { exchange } };
}

function hasProgressToken(message: unknown): boolean {
  const { params } = (message ?? {}) as { params?: { _meta?: { progressToken?: unknown } } };
  return params?._meta?.progressToken !== undefined;
}

/**
 * MCP in both eras from one surface. 2026-07-28 goes to the SDK's own entry. So would 2025, but that answers every
 * request with a stream, and an open stream holds one of an instance's few places: here a 2025 client gets plain JSON
 * unless something can be sent before the result (the client asked for progress, or the surface logs).
 */
export function createMcpFetch(
  surface: Surface,
  services: Services,
  onError: (error: Error) => void,
): McpHandler {
  const createServer = createServerFactory(surface, services);
  const modern = createMcpHandler(createServer, { legacy: 'reject', onerror: onError });

  async function serveLegacy(request: Request, body: unknown, authInfo: AuthInfo): Promise<Response> {
    const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
    const mayStream = surface.logging === true || messages.some(hasProgressToken);
    const server = createServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: !mayStream,
      supportedProtocolVersions: [...protocolVersions],
    });
    transport.onerror = onError;
    await server.connect(transport);
    return transport.handleRequest(request, { authInfo, parsedBody: body });
  }

  return async function handleMcp(request, body, exchange) {
    const authInfo = toAuthInfo(exchange);
    if (await isLegacyRequest(request, body)) return serveLegacy(request, body, authInfo);
    return modern.fetch(request, { authInfo, parsedBody: body });
  };
}
