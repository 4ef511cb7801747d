/** One request of a run, and what its answer has to be. */
export interface Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Throws Error saying what is wrong with an answer. */
  check(answer: Answer): void;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Makes a call: ids count from 1, connections from 0. */
export type MakeCall = (id: number, connection: number) => Call;

export const eras = ['2026-07-28', '2025-11-25'] as const;
export type Era = (typeof eras)[number];

interface Message {
  readonly id?: unknown;
  readonly result?: unknown;
}

/** The message of an answer, which is JSON or the one event of a stream. */
function readMessage({ contentType, body }: Answer): Message {
  if (!contentType.startsWith('text/event-stream')) return JSON.parse(body) as Message;
  const [, data = ''] = /^data: (\{.*)$/m.exec(body) ?? [];
  return JSON.parse(data) as Message;
}

function describeEnvelope(era: Era, method: string, name: string | undefined) {
  if (era === '2025-11-25') return { headers: {}, params: {} };
  return {
    headers: { 'Mcp-Method': method, ...(name !== undefined && { 'Mcp-Name': name }) },
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': era,
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  };
}

/** As much of a result as any check looks at. */
export interface Result {
  readonly protocolVersion?: unknown;
  readonly capabilities?: unknown;
  readonly tools?: readonly { readonly name: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

export interface Exchange {
  readonly era: Era;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Whether that is the result it has to be. */
  readonly accepts: (result: Result) => boolean;
}

/** One JSON-RPC request of either era; in 2025 without the handshake, as stateless servers take it. */
export function createExchange(exchange: Exchange, chooseToken: (id: number) => string): MakeCall {
  const { era, method, params = {}, accepts } = exchange;
  const name = typeof params.name === 'string' ? params.name : undefined;
  const envelope = describeEnvelope(era, method, name);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': era,
    ...envelope.headers,
  };
  return (id) => ({
    headers: { ...headers, authorization: `Bearer ${chooseToken(id)}` },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, ...envelope.params } }),
    check(answer) {
      const message = answer.status === 200 ? readMessage(answer) : {};
      if (message.id === id && accepts(message.result ?? {})) return;
      throw new Error(`wrong answer to ${method} ${id}: ${answer.status} ${answer.body.slice(0, 500)}`);
    },
  });
}

/** A call of a tool, whose structured result has to be accepted. */
export function describeToolCall(
  era: Era,
  name: string,
  args: Readonly<Record<string, unknown>>,
  accepts: (structured: Readonly<Record<string, unknown>>) => boolean,
): Exchange {
  return {
    era,
    method: 'tools/call',
    params: { name, arguments: args },
    accepts: ({ structuredContent }) => structuredContent !== undefined && accepts(structuredContent),
  };
}

export function describeAdd(era: Era): Exchange {
  return describeToolCall(era, 'add', { a: 1, b: 2 }, ({ result }) => result === 3);
}

/** What a client asks before it calls: the tools, and in each era its own way to get to know a server. */
export function describeDiscovery(era: Era): readonly Exchange[] {
  const list: Exchange = {
    era,
    method: 'tools/list',
    accepts: ({ tools = [] }) => tools.some(({ name }) => name === 'add'),
  };
  if (era === '2026-07-28') {
    const discover = { era, method: 'server/discover' };
    return [list, { ...discover, accepts: ({ capabilities }) => capabilities !== undefined }];
  }
  const clientInfo = { name: 'bench', version: '1.0.0' };
  const params = { protocolVersion: era, capabilities: {}, clientInfo };
  const initialize = { era, method: 'initialize', params };
  return [list, { ...initialize, accepts: ({ protocolVersion }) => protocolVersion === era }];
}
