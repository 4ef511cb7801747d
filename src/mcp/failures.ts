import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import type { McpExchange } from './context.ts';

/** A tool's own failure, told to the model: `message` must say what to do and hold no secret. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Zod's issues on one line: which member, and what was expected. */
export function describeIssues(error: z.ZodError): string {
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

/**
 * What the client sees of an unexpected error: never its message, which could hold anything. The SDK would send it.
 * A failing dependency is noted on the exchange, which turns the whole answer into a 503.
 */
export function hideFailure(error: unknown, exchange: McpExchange): ProtocolError {
  if (error instanceof ProtocolError) return error;
  exchange.report(error);
  if (error instanceof AppError) exchange.failure = error;
  return new ProtocolError(ProtocolErrorCode.InternalError, 'The server failed to answer this request.', {
    requestId: exchange.requestId,
  });
}
