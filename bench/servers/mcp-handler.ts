/** `mcp-handler` 2.x, as its README shows it, on a Hono route: the plainest of the hosts that it names. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createMcpHandler, withMcpAuth } from 'mcp-handler';
import * as z from 'zod';
import { requiredScopes, verifyEntraToken } from './entra.ts';
import { report } from './report.ts';

const handler = createMcpHandler(
  (server) => {
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
  },
  { serverInfo: { name: 'bench', version: '1.0.0' } },
);

const authHandler = withMcpAuth(
  handler,
  async (_request, bearerToken) =>
    bearerToken === undefined ? undefined : verifyEntraToken(bearerToken).catch(() => undefined),
  { required: true, requiredScopes },
);

const app = new Hono();
app.all('/mcp', (c) => authHandler(c.req.raw));
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  report(port);
});
