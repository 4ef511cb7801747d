/** `@modelcontextprotocol/sdk` 1.x on Express, as its example of a stateless server shows it. */
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { requiredScopes, verifyEntraToken } from './entra.ts';
import { report } from './report.ts';

function getServer(): McpServer {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  server.registerTool(
    'add',
    {
      title: 'Add two numbers',
      description: 'Adds two numbers.',
      inputSchema: { a: z.number(), b: z.number() },
      outputSchema: { result: z.number() },
    },
    ({ a, b }) => {
      const structuredContent = { result: a + b };
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  return server;
}

const verifier = {
  async verifyAccessToken(token: string) {
    try {
      return await verifyEntraToken(token);
    } catch (error) {
      throw new InvalidTokenError(String(error));
    }
  },
};

const app = createMcpExpressApp();
app.post('/mcp', requireBearerAuth({ verifier, requiredScopes }), async (req, res) => {
  const server = getServer();
  // The example says `sessionIdGenerator: undefined`, which means the same.
  const transport = new StreamableHTTPServerTransport();
  await server.connect(transport);
  await transport.handleRequest(req, res, req.body);
  res.on('close', () => {
    void transport.close();
    void server.close();
  });
});

const listener = app.listen(0, '127.0.0.1', () => {
  report((listener.address() as AddressInfo).port);
});
