import * as z from 'zod';
import { withDeadline } from '../deadline.ts';
import { AppError, describeError } from '../errors.ts';
import { parseJsonBody } from '../http/body.ts';
import type { AuthenticatedContext, BearerEndpoint } from '../http/endpoint.ts';
import { createRpcErrorBody } from '../http/error-response.ts';
import { describeFailure } from '../http/failure-fields.ts';
import type { McpExchange } from '../mcp/context.ts';
import type { McpHandler } from '../mcp/handler.ts';
import { describeMessage, type MessageSummary } from '../mcp/message.ts';
import type { SessionRecorder } from '../stores/session-recorder.ts';
import type { SessionClient } from '../stores/session-store.ts';
import { endStreamAfter, isEventStream } from '../streams.ts';
import { coreRoutes } from './routes.ts';

export interface McpEndpointDeps {
  readonly handleMcp: McpHandler;
  readonly recorder: SessionRecorder;
}

const messageSchema = z
  .looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number()]).optional(),
    method: z.string(),
    params: z.looseObject({}).optional(),
  })
  .describe('A JSON-RPC message of MCP');

/** A dependency that failed during a call makes the whole answer a retryable one; the request keeps its id. */
function createFailureResponse(failure: AppError, id: MessageSummary['id'], requestId: string): Response {
  const { status, retryAfter } = describeError(failure.code);
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  return Response.json(createRpcErrorBody(failure, id, requestId), { status, headers });
}

const refusalSchema = z.looseObject({
  error: z.looseObject({ code: z.number(), data: z.looseObject({}).optional() }),
});

/** The SDK’s refusal of an HTTP request, with a code of ours and the id under which the log has it. */
async function nameRefusal(
  response: Response,
  { requestId, annotate }: AuthenticatedContext,
): Promise<Response> {
  const { data } = refusalSchema.safeParse(
    await response
      .clone()
      .json()
      .catch(() => undefined),
  );
  if (data === undefined) return response;
  const { status, headers } = response;
  const code = status >= 500 ? 'internal_error' : 'invalid_request';
  // Not its message, which quotes the request.
  annotate({ error: code, detail: `JSON-RPC ${data.error.code}` });
  const named = new Headers(headers);
  named.delete('content-length');
  const error = { ...data.error, data: { ...data.error.data, code, requestId } };
  return Response.json({ ...data, error }, { status, headers: named });
}

/** Milliseconds; the platform ends answers at 230 seconds, and every tool ends before. */
const deadlineMs = 225_000;

interface EndpointExchange extends McpExchange {
  /** The dependency that failed, if one did. */
  failure?: AppError;
  /** Whether the answer has begun, and with it the request's log line been written. */
  streams: boolean;
}

function createExchange(context: AuthenticatedContext): EndpointExchange {
  const { requestId, principal, report } = context;
  const exchange: EndpointExchange = {
    requestId,
    principal,
    streams: false,
    report(error) {
      if (!exchange.streams) context.annotate({ error: 'internal_error' });
      report(error);
    },
    fail(error) {
      exchange.failure ??= error;
      if (exchange.streams) report(error);
      else context.annotate(describeFailure(error));
    },
  };
  return exchange;
}

function describeClient(clientId: string, { clientName, protocolVersion }: MessageSummary): SessionClient {
  return {
    clientId,
    ...(clientName !== undefined && { clientName }),
    ...(protocolVersion !== undefined && { protocolVersion }),
  };
}

/** `/mcp`: stateless MCP. Without sessions there is nothing to open by GET or to end by DELETE. */
export function createMcpEndpoint({ handleMcp, recorder }: McpEndpointDeps): BearerEndpoint {
  return {
    ...coreRoutes.mcp,
    docs: {
      summary: 'MCP, stateless Streamable HTTP',
      description:
        'One JSON-RPC message; answered with JSON, or with a stream of events where progress is asked for.',
      request: { schema: messageSchema, example: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
      responses: {
        200: {
          description: 'The result, or a JSON-RPC error',
          schema: messageSchema.omit({ method: true, params: true }),
        },
        202: { description: 'A notification was taken' },
        405: { description: 'GET and DELETE: this server keeps no sessions' },
      },
    },
    async handle(request, context) {
      const body = parseJsonBody(request, context.body);
      const summary = describeMessage(request, body);
      context.annotate({
        mcpMethod: summary.method,
        tool: summary.tool,
        protocolVersion: summary.protocolVersion,
      });
      const { principal } = context;
      const recording = recorder.due(principal, describeClient(principal.clientId, summary));
      if (recording !== undefined) context.defer(recording);
      const exchange = createExchange(context);
      const response = await withDeadline(
        handleMcp(request, body, exchange),
        deadlineMs,
        () => new AppError('timed_out'),
      );
      if (isEventStream(response.headers) && response.body !== null) {
        exchange.streams = true;
        return new Response(endStreamAfter(response.body, deadlineMs), response);
      }
      // In a batch, what other calls did stays told.
      if (exchange.failure === undefined || Array.isArray(body))
        return response.status >= 400 ? nameRefusal(response, context) : response;
      return createFailureResponse(exchange.failure, summary.id, context.requestId);
    },
  };
}
