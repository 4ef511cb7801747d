/** `@modelcontextprotocol/server` 2.x, as its guide "Require authorization" mounts it on Express. */
import {
  createMcpExpressApp,
  requireBearerAuth,
  type OAuthTokenVerifier,
} from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { requiredScopes, verifyEntraToken } from './entra.ts';
import { report } from './report.ts';

function buildServer(): McpServer {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  server.registerTool(
    'add',
    {
      title: 'Add two numbers',
      description: 'Adds two numbers.',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ result: z.number() }),
    },
    ({ a, b }) => {
      const structuredContent = { result: a + b };
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  return server;
}

const verifier: OAuthTokenVerifier = {
  async verifyAccessToken(token) {
    try {
      return await verifyEntraToken(token);
    } catch (error) {
      throw new OAuthError(OAuthErrorCode.InvalidToken, String(error));
    }
  },
};

const auth = requireBearerAuth({ verifier, requiredScopes });
const app = createMcpExpressApp();
const node = toNodeHandler(createMcpHandler(buildServer));
app.all('/mcp', auth, (req, res) => void node(req, res, req.body));

const listener = app.listen(0, '127.0.0.1', () => {
  report((listener.address() as AddressInfo).port);
});
