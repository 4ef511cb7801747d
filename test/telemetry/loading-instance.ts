/**
 * An instance of the server in a process of its own that calls a tool of itself, ends, and prints as JSON which packages
 * of OpenTelemetry had been imported by the time of the answer, and which at the end. The environment is the server's.
 */
import { registerHooks } from 'node:module';

const packages = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const [, name] = /\/node_modules\/(@opentelemetry\/[^/]+|@azure\/monitor-[^/]+)/.exec(found.url) ?? [];
    if (name !== undefined) packages.add(name);
    return found;
  },
});

const { createApp } = await import('../../src/app.ts');
const { routes, close } = createApp(process.env, { sink: () => undefined });
const mcp = routes.find(({ path }) => path === '/mcp');
if (mcp === undefined) throw new Error('no /mcp');
const params = { name: 'add', arguments: { a: 1, b: 2 } };
const response = await mcp.handle(
  new Request(new URL('/mcp', process.env.PUBLIC_BASE_URL), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'MCP-Protocol-Version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  }),
);
const atAnswer = [...packages];
await close();
console.log(JSON.stringify({ status: response.status, atAnswer, atEnd: [...packages] }));
process.exit();
