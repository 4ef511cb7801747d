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

/** The spans of the messages that wait for their answers. */
function createOpenSpans(begin: BeginMessage) {
  const open = new Map<RequestId, MessageSpan>();
  return {
    /** Delivers a message as part of its span. */
    deliver(message: JSONRPCMessage, request: Request | undefined, exchange: McpExchange, pass: () => void) {
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

/**
 * Stands between the SDK and a transport that it is connected to, which serves one HTTP request: errors get the id of
 * that request, the SDK's own too, and messages their spans, where they are observed.
 */
export function watchTransport(transport: Transport, begin: BeginMessage | undefined): void {
  const { onmessage, onclose } = transport;
  const send = transport.send.bind(transport);
  const spans = begin && createOpenSpans(begin);
  let exchange: McpExchange | undefined;

  transport.onmessage = (message, extra) => {
    exchange = extra?.authInfo?.extra?.exchange as McpExchange;
    if (spans === undefined) onmessage?.(message, extra);
    else spans.deliver(message, extra?.request, exchange, () => onmessage?.(message, extra));
  };
  transport.send = (message, options) => {
    spans?.answer(message);
    const isError = 'error' in message && exchange !== undefined;
    return send(isError ? nameRequest(message, exchange?.requestId ?? '') : message, options);
  };
  transport.onclose = () => {
    spans?.abandon();
    onclose?.();
  };
}
