import { findFreePort } from '../../dev/ports.ts';
import { createApp, type AppOptions } from '../../src/app.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { createProxyEnvironment, hostApp, type TestServer } from './server.ts';

const maxAttempts = 5;

/** Undefined where the port is taken and that is no failure. */
async function startAt(
  port: number,
  changes: NodeJS.ProcessEnv,
  options: Partial<AppOptions>,
  mayBeTaken: boolean,
): Promise<TestServer | undefined> {
  const url = `http://localhost:${port}`;
  const environment = createProxyEnvironment({ PUBLIC_BASE_URL: url, ...changes });
  await createTables(loadConfig(environment).tables).ensureTables();
  const lines: Record<string, unknown>[] = [];
  const sink = (_level: string, line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  try {
    const { stop } = await hostApp(createApp(environment, { sink, ...options }), { port });
    return { url, mcpUrl: new URL('/mcp', url), environment, lines, stop };
  } catch (error) {
    if (mayBeTaken && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

/** A server with its authorization server, reached under its public URL. */
export async function startProxyServer(
  changes: NodeJS.ProcessEnv = {},
  options: Partial<AppOptions> = {},
): Promise<TestServer> {
  // The app has to know its address before it listens there: another process may take the port in between.
  for (let attempt = 1; ; attempt += 1) {
    const server = await startAt(await findFreePort(), changes, options, attempt < maxAttempts);
    if (server !== undefined) return server;
  }
}
