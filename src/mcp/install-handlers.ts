import {
  ProtocolError,
  ProtocolErrorCode,
  type CompleteRequest,
  type CompleteResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { McpContext, McpExchange, Services } from './context.ts';
import { hideFailure } from './failures.ts';
import { listResources, readResource } from './resource-handlers.ts';
import type { Surface } from './surface.ts';

type RequestServer = McpServer['server'];
type Handler<Request, Result> = (request: Request, context: McpContext) => Result | Promise<Result>;

/** The exchange travels in the SDK's `authInfo.extra`, the one thing it passes through untouched. */
function exchangeOf(context: ServerContext): McpExchange {
  return context.http?.authInfo?.extra?.exchange as McpExchange;
}

/** Gives a handler its context and keeps what goes wrong inside from the client. */
function serve<Request, Result>(services: Services, handler: Handler<Request, Result>) {
  return async (request: Request, sdk: ServerContext): Promise<Result> => {
    const exchange = exchangeOf(sdk);
    const { requestId, principal } = exchange;
    try {
      return await handler(request, {
        ...services,
        requestId,
        principal,
        signal: sdk.mcpReq.signal,
        mcp: sdk.mcpReq,
      });
    } catch (error) {
      throw hideFailure(error, exchange);
    }
  };
}

function findByName<T extends { readonly name: string }>(
  members: readonly T[],
  kind: string,
  name: string,
): T {
  const found = members.find((member) => member.name === name);
  // MCP gives an unknown tool or prompt -32602: the name is an argument.
  if (found === undefined)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown ${kind}: ${name}`);
  return found;
}

async function complete(
  surface: Surface,
  request: CompleteRequest,
  context: McpContext,
): Promise<CompleteResult> {
  const { ref, argument } = request.params;
  const completers =
    ref.type === 'ref/prompt'
      ? findByName(surface.prompts, 'prompt', ref.name).complete
      : surface.resources.find((resource) => resource.uri === ref.uri)?.complete;
  // An argument's name is the client's word: it must not reach what every object inherits.
  const completer =
    completers && Object.hasOwn(completers, argument.name) ? completers[argument.name] : undefined;
  const matches = (await completer?.(argument.value, context)) ?? [];
  // MCP allows 100 values in an answer.
  return {
    completion: { values: matches.slice(0, 100), hasMore: matches.length > 100 },
  };
}

function installTools(server: RequestServer, surface: Surface, services: Services): void {
  const tools = surface.tools.map((tool) => tool.wire);
  server.setRequestHandler('tools/list', () => ({ tools }));
  server.setRequestHandler(
    'tools/call',
    serve(services, ({ params }, context) =>
      findByName(surface.tools, 'tool', params.name).call(params.arguments, context),
    ),
  );
}

function installResources(server: RequestServer, { resources }: Surface, services: Services): void {
  const resourceTemplates = resources.flatMap((resource) => resource.template ?? []);
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler(
    'resources/list',
    serve(services, ({ params }, context) => listResources(resources, params?.cursor, context)),
  );
  server.setRequestHandler(
    'resources/read',
    serve(services, ({ params }, context) => readResource(resources, params.uri, context)),
  );
}

function installPrompts(server: RequestServer, surface: Surface, services: Services): void {
  const prompts = surface.prompts.map((prompt) => prompt.wire);
  server.setRequestHandler('prompts/list', () => ({ prompts }));
  server.setRequestHandler(
    'prompts/get',
    serve(services, ({ params }, context) =>
      findByName(surface.prompts, 'prompt', params.name).get(params.arguments, context),
    ),
  );
}

/** Puts the surface's handlers on a server made for one request: those of the capabilities it has, no others. */
export function installHandlers(server: RequestServer, surface: Surface, services: Services): void {
  const { tools, resources, prompts, completions } = server.getCapabilities();
  if (tools !== undefined) installTools(server, surface, services);
  if (resources !== undefined) installResources(server, surface, services);
  if (prompts !== undefined) installPrompts(server, surface, services);
  if (completions !== undefined) {
    server.setRequestHandler(
      'completion/complete',
      serve(services, (request, context) => complete(surface, request, context)),
    );
  }
}
