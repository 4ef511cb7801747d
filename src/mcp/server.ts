import { McpServer } from '@modelcontextprotocol/server';
import type { McpExchange, Services } from './context.ts';
import { prepareHandlers } from './handlers.ts';
import type { BeginMessage } from './message-spans.ts';
import { protocolVersions } from './protocol-versions.ts';
import { checkSurface, describeCapabilities, type Surface } from './surface.ts';
import type { Tool } from './tool.ts';
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

type FindSchema = (tool: string) => Tool['wire']['inputSchema'] | undefined;

/**
 * The schemas of tools that want arguments in `Mcp-Param-*` headers too, by which the SDK checks those before a call. Of
 * other tools it is told none: it would search theirs for such arguments with every call.
 */
function createHeaderSchemas(tools: readonly Tool[]): FindSchema {
  const known = new Map<string, ReturnType<FindSchema>>();
  return function findHeaderSchema(name) {
    if (known.has(name)) return known.get(name);
    const schema = tools.find((tool) => tool.name === name)?.wire.inputSchema;
    if (schema === undefined) return undefined;
    const wanted = JSON.stringify(schema).includes('"x-mcp-header"') ? schema : undefined;
    known.set(name, wanted);
    return wanted;
  };
}

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
  const findHeaderSchema = createHeaderSchemas(surface.tools);
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
    server.toolInputSchemaJson = findHeaderSchema;
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
