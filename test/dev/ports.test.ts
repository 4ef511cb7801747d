import { describe, expect, it } from '@jest/globals';
import { readPorts } from '../../dev/ports.ts';

describe('the ports of the local stack', () => {
  it('are those of Functions and Azurite unless the environment says otherwise', () => {
    expect(readPorts({ ENTRA_PORT: '7999', MCP_PORT: ' ' })).toEqual({
      mcp: 7071,
      entra: 7999,
      blob: 10_000,
      queue: 10_001,
      table: 10_002,
    });
  });

  it.each(['0', '65536', '-1', '80.5', '0x50', 'http'])('cannot be %s', (value) => {
    expect(() => readPorts({ MCP_PORT: value })).toThrow(
      'MCP_PORT must be a port, 1 to 65535 (example: 7071).',
    );
  });

  it('are all different', () => {
    expect(() => readPorts({ ENTRA_PORT: '7071' })).toThrow(
      'MCP_PORT and ENTRA_PORT are both 7071: give them different ports.',
    );
  });
});
