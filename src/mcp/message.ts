import { CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import * as z from 'zod';

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

/** Text of a client's choosing, kept short for logs and rows. */
const shortText = z
  .string()
  .transform((text) => text.slice(0, 100).toWellFormed())
  .optional()
  .catch(undefined);

const messageSchema = z
  .object({
    id: z.union([z.string(), z.number()]).nullable().catch(null),
    method: shortText,
    params: z
      .object({
        name: shortText,
        clientInfo: z.object({ name: shortText }).optional().catch(undefined),
        protocolVersion: shortText,
        _meta: z
          .object({
            [CLIENT_INFO_META_KEY]: z.object({ name: shortText }).optional().catch(undefined),
            [PROTOCOL_VERSION_META_KEY]: shortText,
          })
          .optional()
          .catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .catch({ id: null, method: undefined });

function listOnce(values: readonly (string | undefined)[]): string | undefined {
  const once = [...new Set(values.filter((value) => value !== undefined))];
  return once.length === 0 ? undefined : once.join(' ');
}

/**
 * Summarises a message of either era: 2026-07-28 names client and version in every request's `_meta`, 2025 in
 * `initialize` and from then on the version in a header.
 */
export function describeMessage(request: Request, body: unknown): MessageSummary {
  const messages = (Array.isArray(body) ? body : [body]).map((message) => messageSchema.parse(message));
  const [first] = messages;
  const meta = first?.params?._meta;
  const { clientInfo, protocolVersion } = first?.params ?? {};
  return {
    id: Array.isArray(body) ? null : (first?.id ?? null),
    method: listOnce(messages.map(({ method }) => method)),
    tool: listOnce(
      messages.map(({ method, params }) => (method === 'tools/call' ? params?.name : undefined)),
    ),
    clientName: meta?.[CLIENT_INFO_META_KEY]?.name ?? clientInfo?.name,
    protocolVersion:
      meta?.[PROTOCOL_VERSION_META_KEY] ??
      shortText.parse(request.headers.get('mcp-protocol-version') ?? protocolVersion),
  };
}
