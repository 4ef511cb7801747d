import { describe, expect, it } from '@jest/globals';
import { InMemoryTransport, type Transport } from '@modelcontextprotocol/server';
import type { McpExchange, Services } from '../../src/mcp/context.ts';
import { createServerFactory } from '../../src/mcp/server.ts';
import type { Surface } from '../../src/mcp/surface.ts';
import { closeWithoutStack } from '../../src/mcp/watched-transport.ts';

const stackOf = () => new Error('closed').stack;

function createTransport(onclose: () => void): Transport {
  return {
    start: () => Promise.resolve(),
    send: () => Promise.resolve(),
    close: () => Promise.resolve(),
    onclose,
  };
}

describe('closing a transport', () => {
  it('makes errors without a stack', () => {
    const stacks: unknown[] = [];
    const transport = createTransport(() => stacks.push(stackOf()));
    closeWithoutStack(transport);
    transport.onclose?.();
    expect(stacks).toEqual(['Error: closed']);
    expect(stackOf()).toContain('watched-transport.test.ts');
  });

  it('leaves later errors theirs, also where it fails', () => {
    const transport = createTransport(() => {
      throw new Error('a failure');
    });
    closeWithoutStack(transport);
    expect(() => transport.onclose?.()).toThrow('a failure');
    expect(stackOf()).toContain('watched-transport.test.ts');
  });

  it('is how each server of a request closes', async () => {
    const identity = { name: 'test', title: 'Test', version: '1', build: 'test', startedAt: 0 };
    const surface: Surface = { tools: [], resources: [], prompts: [] };
    const server = createServerFactory(surface, { identity } as Services)({} as McpExchange);
    await server.connect(InMemoryTransport.createLinkedPair()[0]);
    let limit: number | undefined;
    server.server.onclose = () => (limit = Error.stackTraceLimit);
    await server.close();
    expect(limit).toBe(0);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });
});
