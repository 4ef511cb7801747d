import { CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';

/** What the log and the session record want to know of a message. Everything in it is the client's word. */
export interface MessageSummary {
  /** Of a single message; null for a batch. */
  readonly id: string | number | null;
  /** The method, or those of a batch, each once. */
  readonly method: string | undefined;
  /** The tool that is called, or those of a batch, each once. */
  readonly tool: string | undefined;
  readonly clientName: string | undefined;
  readonly protocolVersion: string | undefined;
}

/** A member of what may be no object. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Text of a client's choosing, kept short for logs and rows. */
function shortText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 100).toWellFormed() : undefined;
}

function idOf(message: unknown): string | number | null {
  const id = memberOf(message, 'id');
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function toolOf(message: unknown): string | undefined {
  return memberOf(message, 'method') === 'tools/call'
    ? shortText(memberOf(memberOf(message, 'params'), 'name'))
    : undefined;
}

function listOnce(values: readonly (string | undefined)[]): string | undefined {
  if (values.length === 1) return values[0];
  const once = [...new Set(values.filter((value) => value !== undefined))];
  return once.length === 0 ? undefined : once.join(' ');
}

/**
 * Summarises a message of either era: 2026-07-28 names client and version in every request's `_meta`, 2025 in
 * `initialize` and from then on the version in a header. What is missing or of another type is left out; it is the SDK
 * that refuses a message. By hand, because this is done for every call.
 */
export function describeMessage(request: Request | undefined, body: unknown): MessageSummary {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  const params = memberOf(messages[0], 'params');
  const meta = memberOf(params, '_meta');
  const clientInfo = memberOf(meta, CLIENT_INFO_META_KEY) ?? memberOf(params, 'clientInfo');
  return {
    id: idOf(body),
    method: listOnce(messages.map((message) => shortText(memberOf(message, 'method')))),
    tool: listOnce(messages.map(toolOf)),
    clientName: shortText(memberOf(clientInfo, 'name')),
    protocolVersion:
      shortText(memberOf(meta, PROTOCOL_VERSION_META_KEY)) ??
      shortText(request?.headers.get('mcp-protocol-version') ?? memberOf(params, 'protocolVersion')),
  };
}
