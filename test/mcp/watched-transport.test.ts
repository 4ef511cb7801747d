import { describe, expect, it } from '@jest/globals';
import type { Transport } from '@modelcontextprotocol/server';
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
});
