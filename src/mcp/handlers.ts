import {
  ProtocolError,
  ProtocolErrorCode,
  type CallToolRequest,
  type CallToolResult,
  type CompleteRequest,
  type CompleteResult,
  type GetPromptRequest,
  type GetPromptResult,
  type InputRequiredResult,
  type ListResourcesRequest,
  type ListResourcesResult,
  type McpServer,
  type ReadResourceRequest,
  type ReadResourceResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { McpContext, McpExchange, Services } from './context.ts';
import { hideFailure } from './failures.ts';
import { listResources, readResource } from './resource-handlers.ts';
import { describeCapabilities, type Surface } from './surface.ts';

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

type Install = (server: RequestServer) => void;

function prepareTools(surface: Surface, services: Services): Install {
  const call = serve<CallToolRequest, CallToolResult | InputRequiredResult>(services, ({ params }, context) =>
    findByName(surface.tools, 'tool', params.name).call(params.arguments, context),
  );
  return (server) => {
    server.setRequestHandler('tools/list', () => ({ tools: surface.tools.map((tool) => tool.wire) }));
    server.setRequestHandler('tools/call', call);
  };
}

function prepareResources({ resources }: Surface, services: Services): Install {
  const resourceTemplates = resources.flatMap((resource) => resource.template ?? []);
  const list = serve<ListResourcesRequest, ListResourcesResult>(services, ({ params }, context) =>
    listResources(resources, params?.cursor, context),
  );
  const read = serve<ReadResourceRequest, ReadResourceResult>(services, ({ params }, context) =>
    readResource(resources, params.uri, context),
  );
  return (server) => {
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
    server.setRequestHandler('resources/list', list);
    server.setRequestHandler('resources/read', read);
  };
}

function preparePrompts(surface: Surface, services: Services): Install {
  const prompts = surface.prompts.map((prompt) => prompt.wire);
  const get = serve<GetPromptRequest, GetPromptResult | InputRequiredResult>(
    services,
    ({ params }, context) =>
      findByName(surface.prompts, 'prompt', params.name).get(params.arguments, context),
  );
  return (server) => {
    server.setRequestHandler('prompts/list', () => ({ prompts }));
    server.setRequestHandler('prompts/get', get);
  };
}

function prepareCompletions(surface: Surface, services: Services): Install {
  const answer = serve<CompleteRequest, CompleteResult>(services, (request, context) =>
    complete(surface, request, context),
  );
  return (server) => {
    server.setRequestHandler('completion/complete', answer);
  };
}

/**
 * Makes the surface's handlers, once: those of its capabilities, no others. What comes back puts them on a server that
 * was made for one request.
 */
export function prepareHandlers(surface: Surface, services: Services): Install {
  const { tools, resources, prompts, completions } = describeCapabilities(surface);
  const installs = [
    ...(tools === undefined ? [] : [prepareTools(surface, services)]),
    ...(resources === undefined ? [] : [prepareResources(surface, services)]),
    ...(prompts === undefined ? [] : [preparePrompts(surface, services)]),
    ...(completions === undefined ? [] : [prepareCompletions(surface, services)]),
  ];
  return (server) => {
    for (const install of installs) install(server);
  };
}
