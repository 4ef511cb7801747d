import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  RequestId,
  Transport,
} from '@modelcontextprotocol/server';
import type { McpExchange } from './context.ts';
import type { BeginMessage, MessageSpan } from './message-spans.ts';

/** The error with the id under which the log has its request, beside what else it says. */
function nameRequest({ error, ...message }: JSONRPCErrorResponse, requestId: string): JSONRPCErrorResponse {
  const { data } = error;
  if (data !== undefined && (typeof data !== 'object' || data === null)) return { ...message, error };
  return { ...message, error: { ...error, data: { ...data, requestId } } };
}

/** Has the errors that a transport sends name the one HTTP request that it serves, the SDK's own errors too. */
export function nameErrors(transport: Transport, { requestId }: McpExchange): void {
  const send = transport.send.bind(transport);
  transport.send = (message, options) =>
    send('error' in message ? nameRequest(message, requestId) : message, options);
}

/** The spans of the messages that wait for their answers. */
function createOpenSpans(begin: BeginMessage, exchange: McpExchange) {
  const open = new Map<RequestId, MessageSpan>();
  return {
    /** Delivers a message as part of its span. */
    deliver(message: JSONRPCMessage, request: Request | undefined, pass: () => void) {
      const span = begin(message, request, exchange);
      const id = 'id' in message ? message.id : undefined;
      // Before it is delivered: what has no handler is answered at once.
      if (id !== undefined) open.set(id, span);
      span.run(pass);
      if (id === undefined) span.end();
    },
    answer(message: JSONRPCMessage): void {
      if (!('id' in message) || message.id === undefined || 'method' in message) return;
      open.get(message.id)?.end(message);
      open.delete(message.id);
    },
    /** Nobody waits any more. */
    abandon(): void {
      for (const span of open.values()) span.abandon();
      open.clear();
    },
  };
}

/** Gives the messages of a transport, which the SDK is connected to and which serves one HTTP request, their spans. */
export function observeMessages(transport: Transport, begin: BeginMessage, exchange: McpExchange): void {
  const { onmessage, onclose } = transport;
  const send = transport.send.bind(transport);
  const spans = createOpenSpans(begin, exchange);

  transport.onmessage = (message, extra) => {
    spans.deliver(message, extra?.request, () => onmessage?.(message, extra));
  };
  transport.send = (message, options) => {
    spans.answer(message);
    return send(message, options);
  };
  transport.onclose = () => {
    spans.abandon();
    onclose?.();
  };
}

/**
 * Closing a connection makes the SDK an error, which it gives to what still runs as the reason to stop: its stack, which
 * says only that the connection was closed, costs much of a call (docs/performance.md), so here it has none. Neither has
 * an error that listeners of that signal make on the spot. For a transport that is connected.
 */
export function closeWithoutStack(transport: Transport): void {
  const { onclose } = transport;
  transport.onclose = () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      onclose?.();
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
