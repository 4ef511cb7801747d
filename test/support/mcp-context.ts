import type { McpContext } from '../../src/mcp/context.ts';
import { testPrincipal } from './guarded.ts';

/** A context for definitions that need nothing of it, or only what a test gives. */
export function createTestContext(changes: Partial<McpContext> = {}): McpContext {
  return {
    requestId: 'request-1',
    principal: testPrincipal,
    signal: new AbortController().signal,
    now: Date.now,
    ...changes,
  } as McpContext;
}
