import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** What a test needs of a connected client, of either SDK generation. */
export type McpClient = Pick<
  Client1,
  | 'listTools'
  | 'callTool'
  | 'listResources'
  | 'listResourceTemplates'
  | 'readResource'
  | 'listPrompts'
  | 'getPrompt'
  | 'complete'
  | 'getServerVersion'
  | 'getInstructions'
  | 'close'
>;

type Connect = (url: URL, token: string) => Promise<McpClient>;

const implementation = { name: 'test-client', version: '1.0.0' };

function withToken(token: string) {
  return { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
}

function connectWithSdk2(mode: 'legacy' | { pin: string }): Connect {
  return async (url, token) => {
    const client = new Client2(implementation, { versionNegotiation: { mode } });
    await client.connect(new Transport2(url, withToken(token)));
    return client as unknown as McpClient;
  };
}

/** The real clients: both SDK generations, and the second in both protocol eras. */
export const connectors: Readonly<Record<'sdk 1.x' | 'sdk 2.x, 2025 era' | 'sdk 2.x, 2026-07-28', Connect>> =
  {
    'sdk 1.x': async (url, token) => {
      const client = new Client1(implementation);
      await client.connect(new Transport1(url, withToken(token)));
      return client;
    },
    'sdk 2.x, 2025 era': connectWithSdk2('legacy'),
    'sdk 2.x, 2026-07-28': connectWithSdk2({ pin: '2026-07-28' }),
  };

export const connect = connectors['sdk 2.x, 2026-07-28'];
