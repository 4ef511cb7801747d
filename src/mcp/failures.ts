import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import { AppError } from '../errors.ts';
import type { McpExchange } from './context.ts';

/** A tool's own failure, told to the model: `message` must say what to do and hold no secret. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Zod's issues on one line: which member, and what was expected. */
function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.length > 0 ? issue.path.join('.') : 'arguments'}: ${issue.message}`)
    .join('; ');
}

/** -32602 (JSON-RPC "Invalid params") that names each wrong member. */
export function createInvalidParams(what: string, error: z.ZodError): ProtocolError {
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Invalid arguments for ${what}: ${describeIssues(error)}`,
  );
}

/** -32602 for a cursor that no answer of this list gave. */
export function createInvalidCursor(): ProtocolError {
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    'Invalid cursor: send a nextCursor of this list.',
  );
}

/**
 * What the client sees of an unexpected error: never its message, which could hold anything. The SDK would send it.
 * A failing dependency fails the exchange, which turns the whole answer into a 503.
 */
export function hideFailure(error: unknown, exchange: McpExchange): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const isKnown = error instanceof AppError;
  if (isKnown) exchange.fail(error);
  else exchange.report(error);
  return new ProtocolError(ProtocolErrorCode.InternalError, 'The server failed to answer this request.', {
    code: isKnown ? error.code : 'internal_error',
  });
}
