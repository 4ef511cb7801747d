import { describe, expect, it } from '@jest/globals';
import { checkPorts, readPorts } from '../../dev/ports.ts';
import { takePort } from '../support/take-port.ts';

describe('the ports of the local stack', () => {
  it('are those of Functions and Azurite unless the environment says otherwise', () => {
    expect(readPorts({ ENTRA_PORT: '7999', MCP_PORT: ' ' })).toEqual({
      mcp: 7071,
      entra: 7999,
      vault: 7081,
      identity: 7082,
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

  it('that are taken are all named at once', async () => {
    const [first, second] = await Promise.all([takePort(), takePort()]);
    try {
      await expect(checkPorts({ mcp: first.port, entra: second.port })).rejects.toThrow(
        [
          `Port ${first.port} is in use, and the MCP server wants it. Stop what uses it, or set MCP_PORT to another port.`,
          `Port ${second.port} is in use, and the local Entra wants it. Stop what uses it, or set ENTRA_PORT to another port.`,
          'A second stack needs a DATA_DIR of its own, too.',
        ].join('\n'),
      );
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
    await checkPorts({ mcp: first.port, entra: second.port });
  });
});
