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

/** Makes the call of an id, which no other call of the run has. */
export type MakeCall = (id: number) => Call;

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

export interface Exchange {
  readonly era: Era;
  readonly token: string;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Whether that is the result it has to be. */
  readonly accepts: (result: unknown) => boolean;
}

/** One JSON-RPC request of either era; in 2025 without the handshake, as stateless servers take it. */
export function createExchange({ era, token, method, params = {}, accepts }: Exchange): MakeCall {
  const name = typeof params.name === 'string' ? params.name : undefined;
  const envelope = describeEnvelope(era, method, name);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': era,
    ...envelope.headers,
  };
  return (id) => ({
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, ...envelope.params } }),
    check(answer) {
      const message = answer.status === 200 ? readMessage(answer) : {};
      if (message.id === id && accepts(message.result)) return;
      throw new Error(`wrong answer to ${method} ${id}: ${answer.status} ${answer.body.slice(0, 500)}`);
    },
  });
}

/** `tools/call` of `add`: 1 and 2. */
export function createAddCall(era: Era, token: string): MakeCall {
  return createExchange({
    era,
    token,
    method: 'tools/call',
    params: { name: 'add', arguments: { a: 1, b: 2 } },
    accepts: (result) =>
      (result as { structuredContent?: { result?: unknown } } | undefined)?.structuredContent?.result === 3,
  });
}
