/** The limit: node:http that reads the body, verifies the token with jose and answers, with no MCP library at all. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requiredScopes, verifyEntraToken } from './entra.ts';
import { report } from './report.ts';

interface ToolCall {
  readonly id: number;
  readonly params: { readonly arguments: { readonly a: number; readonly b: number } };
}

async function isAllowed(request: IncomingMessage): Promise<boolean> {
  const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  try {
    const { scopes } = await verifyEntraToken(token);
    return requiredScopes.every((scope) => scopes.includes(scope));
  } catch {
    return false;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!(await isAllowed(request))) {
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { id, params } = JSON.parse(Buffer.concat(chunks).toString()) as ToolCall;
  const structuredContent = { result: params.arguments.a + params.arguments.b };
  const text = JSON.stringify(structuredContent);
  const result = { content: [{ type: 'text', text }], structuredContent };
  const body = JSON.stringify({ jsonrpc: '2.0', id, result });
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error as Error));
});
server.listen(0, '127.0.0.1', () => {
  report((server.address() as AddressInfo).port);
});
