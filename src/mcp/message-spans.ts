import { TRACEPARENT_META_KEY, type JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Attributes, Telemetry } from '../telemetry/telemetry.ts';
import { parseTraceparent } from '../telemetry/trace-context.ts';
import type { McpExchange } from './context.ts';
import { describeMessage, memberOf } from './message.ts';
import { modernVersion, protocolVersions } from './protocol-versions.ts';
import type { Surface } from './surface.ts';

/** A message that is being handled. */
export interface MessageSpan {
  run<T>(work: () => T): T;
  /** Ends it with the answer; a notification has none. */
  end(answer?: JSONRPCMessage): void;
  /** Ends it where nobody waits for the answer any more. */
  abandon(): void;
}

export type BeginMessage = (
  message: JSONRPCMessage,
  request: Request | undefined,
  exchange: McpExchange,
) => MessageSpan;

/** What clients send; of any other method only that it is another: what a client writes must not name a metric. */
const methods: readonly unknown[] = [
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tools/call',
  'tools/list',
];

function hasName(members: readonly { readonly name: string }[], name: unknown): name is string {
  return members.some((member) => member.name === name);
}

/** What both the span and the measurements say of a message: few values each. */
function describe(message: JSONRPCMessage, request: Request | undefined, { tools, prompts }: Surface) {
  const { method, protocolVersion } = describeMessage(request, message);
  const name = memberOf(memberOf(message, 'params'), 'name');
  const isTool = method === 'tools/call' && hasName(tools, name);
  const isPrompt = method === 'prompts/get' && hasName(prompts, name);
  const isModern = protocolVersion === modernVersion && method !== 'initialize';
  return {
    'mcp.method.name': methods.includes(method) ? String(method) : '_OTHER',
    'mcp.protocol.version': protocolVersions.find((version) => version === protocolVersion),
    'gen_ai.tool.name': isTool ? name : undefined,
    'gen_ai.operation.name': isTool ? 'execute_tool' : undefined,
    'gen_ai.prompt.name': isPrompt ? name : undefined,
    'entra_mcp.era': isModern ? 'modern' : 'legacy',
  };
}

/** What an answer says of a failure; a tool's own is a result like others. */
function describeFailure(answer: JSONRPCMessage): Attributes {
  if ('result' in answer) return answer.result.isError === true ? { 'error.type': 'tool_error' } : {};
  if (!('error' in answer)) return {};
  const status = String(answer.error.code);
  const code = memberOf(answer.error.data, 'code');
  return {
    'error.type': typeof code === 'string' ? code : status,
    'rpc.response.status_code': status,
  };
}

/**
 * One span for each message, by OpenTelemetry's conventions for MCP. It goes on what the message's own `traceparent`
 * names and links the HTTP request, or else is a part of that. No argument, result or URI is told: they are the caller's.
 */
export function createMessageSpans(surface: Surface, telemetry: Telemetry): BeginMessage {
  return function begin(message, request, { requestId }) {
    const about = describe(message, request, surface);
    const target = about['gen_ai.tool.name'] ?? about['gen_ai.prompt.name'];
    const span = telemetry.begin({
      name: [about['mcp.method.name'], target].filter((part) => part !== undefined).join(' '),
      kind: 'server',
      parent: parseTraceparent(
        memberOf(memberOf(memberOf(message, 'params'), '_meta'), TRACEPARENT_META_KEY),
      ),
      attributes: {
        ...about,
        'jsonrpc.request.id': 'id' in message ? String(message.id).slice(0, 100).toWellFormed() : undefined,
        'network.transport': 'tcp',
        'network.protocol.name': 'http',
        'entra_mcp.request_id': requestId,
      },
    });

    function end(failure: Attributes): void {
      span.set(failure);
      const type = failure['error.type'];
      if (typeof type === 'string') span.fail(type);
      telemetry.measure('mcp.server.operation.duration', span.end(), { ...about, ...failure });
      telemetry.count('entra_mcp.calls', {
        'mcp.method.name': about['mcp.method.name'],
        'gen_ai.tool.name': about['gen_ai.tool.name'],
        'entra_mcp.era': about['entra_mcp.era'],
        'entra_mcp.outcome': type === undefined ? 'success' : 'failure',
      });
    }

    return {
      run: span.run,
      end: (answer) => end(answer === undefined ? {} : describeFailure(answer)),
      abandon: () => end({ 'error.type': 'cancelled' }),
    };
  };
}
