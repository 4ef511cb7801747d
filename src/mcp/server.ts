import { McpServer } from '@modelcontextprotocol/server';
import type { McpExchange, Services } from './context.ts';
import { prepareHandlers } from './handlers.ts';
import type { BeginMessage } from './message-spans.ts';
import { protocolVersions } from './protocol-versions.ts';
import { checkSurface, describeCapabilities, type Surface } from './surface.ts';
import { closeWithoutStack, nameErrors, observeMessages } from './watched-transport.ts';

const fiveMinutes = 300_000;

/** What may be kept, and by whom: lists are the same for everyone who may call, contents are their owner's alone. */
const cacheHints = {
  'server/discover': { ttlMs: fiveMinutes, cacheScope: 'public' },
  'tools/list': { ttlMs: fiveMinutes, cacheScope: 'public' },
  'prompts/list': { ttlMs: fiveMinutes, cacheScope: 'public' },
  'resources/templates/list': { ttlMs: fiveMinutes, cacheScope: 'public' },
  'resources/list': { ttlMs: 0, cacheScope: 'private' },
  'resources/read': { ttlMs: 0, cacheScope: 'private' },
} as const;

/**
 * Makes the factory that is called once for each request, in both eras. The SDK's high-level registration would
 * convert every schema again for every request, so only the request-scoped core is made anew; the rest is shared.
 * @throws Error when the surface has two members of one name
 */
export function createServerFactory(
  surface: Surface,
  services: Services,
  beginMessage?: BeginMessage,
): (exchange: McpExchange) => McpServer {
  checkSurface(surface);
  const capabilities = describeCapabilities(surface);
  const installHandlers = prepareHandlers(surface, services);
  const { name, title, version } = services.identity;
  const options = {
    cacheHints,
    supportedProtocolVersions: [...protocolVersions],
    ...(surface.instructions !== undefined && { instructions: surface.instructions }),
    ...(surface.requestState !== undefined && { requestState: surface.requestState }),
  };

  return function createServer(exchange) {
    const server = new McpServer({ name, title, version }, options);
    server.server.registerCapabilities(capabilities);
    installHandlers(server.server);
    // The SDK asks for this schema to check `Mcp-Param-*` headers against a tool's arguments before it is called.
    server.toolInputSchemaJson = (tool) =>
      surface.tools.find((candidate) => candidate.name === tool)?.wire.inputSchema;
    const connect = server.connect.bind(server);
    server.connect = async (transport) => {
      nameErrors(transport, exchange);
      await connect(transport);
      closeWithoutStack(transport);
      if (beginMessage !== undefined) observeMessages(transport, beginMessage, exchange);
    };
    return server;
  };
}
