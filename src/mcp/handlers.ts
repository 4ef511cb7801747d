import {
  ProtocolError,
  ProtocolErrorCode,
  specTypeSchemas,
  type CallToolRequestParams,
  type CallToolResult,
  type CompleteRequestParams,
  type CompleteResult,
  type GetPromptRequestParams,
  type GetPromptResult,
  type InputRequiredResult,
  type ListResourcesResult,
  type McpServer,
  type PaginatedRequestParams,
  type ReadResourceRequestParams,
  type ReadResourceResult,
  type RequestMethod,
  type Result,
  type ServerContext,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import { exchangeOf } from './auth-info.ts';
import type { McpContext, Services } from './context.ts';
import { hideFailure } from './failures.ts';
import { listResources, readResource } from './resource-handlers.ts';
import { describeCapabilities, type Surface } from './surface.ts';

type RequestServer = McpServer['server'];
type Handler<Params, Answer> = (params: Params, context: McpContext) => Answer | Promise<Answer>;

/** Gives a handler its context and keeps what goes wrong inside from the client. */
function serve<Params, Answer>(services: Services, handler: Handler<Params, Answer>) {
  return async (params: Params, sdk: ServerContext): Promise<Answer> => {
    const exchange = exchangeOf(sdk.http?.authInfo);
    const { requestId, principal } = exchange;
    try {
      return await handler(params, {
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
  { ref, argument }: CompleteRequestParams,
  context: McpContext,
): Promise<CompleteResult> {
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

/**
 * Registers a handler for requests whose parameters are as the specification has them; others are -32602. The SDK's own
 * way to register would make -32603 of them, a failure of the server (typescript-sdk issue 2284).
 */
function register<Params extends StandardSchemaV1>(
  server: RequestServer,
  method: RequestMethod,
  params: Params,
  handler: (params: StandardSchemaV1.InferOutput<Params>, sdk: ServerContext) => Result | Promise<Result>,
): void {
  server.setRequestHandler(method, { params }, handler);
}

/** For `tools/call` alone, whose parameters the SDK has looked at, with -32602, before it asks its handler. */
const checkedParams: StandardSchemaV1<unknown, CallToolRequestParams> = {
  '~standard': {
    version: 1,
    vendor: 'entra-mcp',
    validate: (value) => ({ value: value as CallToolRequestParams }),
  },
};

function prepareTools(surface: Surface, services: Services): Install {
  const call = serve<CallToolRequestParams, CallToolResult | InputRequiredResult>(
    services,
    (params, context) => findByName(surface.tools, 'tool', params.name).call(params.arguments, context),
  );
  return (server) => {
    register(server, 'tools/list', specTypeSchemas.PaginatedRequestParams, () => ({
      tools: surface.tools.map((tool) => tool.wire),
    }));
    register(server, 'tools/call', checkedParams, call);
  };
}

function prepareResources({ resources }: Surface, services: Services): Install {
  const resourceTemplates = resources.flatMap((resource) => resource.template ?? []);
  const list = serve<PaginatedRequestParams, ListResourcesResult>(services, ({ cursor }, context) =>
    listResources(resources, cursor, context),
  );
  const read = serve<ReadResourceRequestParams, ReadResourceResult>(services, ({ uri }, context) =>
    readResource(resources, uri, context),
  );
  return (server) => {
    register(server, 'resources/templates/list', specTypeSchemas.PaginatedRequestParams, () => ({
      resourceTemplates,
    }));
    register(server, 'resources/list', specTypeSchemas.PaginatedRequestParams, list);
    register(server, 'resources/read', specTypeSchemas.ReadResourceRequestParams, read);
  };
}

function preparePrompts(surface: Surface, services: Services): Install {
  const prompts = surface.prompts.map((prompt) => prompt.wire);
  const get = serve<GetPromptRequestParams, GetPromptResult | InputRequiredResult>(
    services,
    (params, context) => findByName(surface.prompts, 'prompt', params.name).get(params.arguments, context),
  );
  return (server) => {
    register(server, 'prompts/list', specTypeSchemas.PaginatedRequestParams, () => ({ prompts }));
    register(server, 'prompts/get', specTypeSchemas.GetPromptRequestParams, get);
  };
}

function prepareCompletions(surface: Surface, services: Services): Install {
  const answer = serve<CompleteRequestParams, CompleteResult>(services, (params, context) =>
    complete(surface, params, context),
  );
  return (server) => {
    register(server, 'completion/complete', specTypeSchemas.CompleteRequestParams, answer);
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
