import { randomBytes } from 'node:crypto';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { startHost, type HostOptions } from '../../dev/host.ts';
import { createApp, type App, type AppOptions } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createTables } from '../../src/azure/tables.ts';
import { required } from './shared-services.ts';

/** A server on this machine with tables of its own, between real Azurite and the local Entra. */
export interface TestServer {
  readonly url: string;
  readonly mcpUrl: URL;
  readonly environment: NodeJS.ProcessEnv;
  /** Every log line, parsed. */
  readonly lines: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** The environment that a server on this machine gets; the tables are fresh. */
export function createTestEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PUBLIC_BASE_URL: 'http://localhost:7071',
    ENTRA_AUTHORITY: required('TEST_ENTRA_AUTHORITY'),
    ENTRA_TENANT_ID: homeTenant.id,
    ENTRA_AUDIENCES: [apps.api, apps.apiV1].flatMap((app) => [app.id, app.api.identifierUri]).join(','),
    TABLES_CONNECTION_STRING: required('TEST_TABLES_CONNECTION_STRING'),
    TABLE_PREFIX: `t${randomBytes(6).toString('hex')}`,
    OAUTH_PROXY: 'off',
    BUILD_ID: 'test-build',
    LOG_LEVEL: 'debug',
    ...changes,
  };
}

/** As `createTestEnvironment`, with the authorization server on: its secrets and its credential are real ones. */
export function createProxyEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return createTestEnvironment({
    OAUTH_PROXY: 'on',
    ENTRA_CLIENT_ID: apps.proxy.id,
    KEY_VAULT_URL: required('TEST_KEY_VAULT_URL'),
    IDENTITY_ENDPOINT: required('IDENTITY_ENDPOINT'),
    IDENTITY_HEADER: required('IDENTITY_HEADER'),
    ...changes,
  });
}

/** Serves an app on this machine. Stopped, it has nothing left to do: what is left would run when its test has ended. */
export async function hostApp({ routes, close }: App, options: HostOptions) {
  const host = await startHost(routes, options);
  async function stop() {
    await host.stop();
    await close();
  }
  return { ...host, stop };
}

export async function startServer(
  environment: NodeJS.ProcessEnv = createTestEnvironment(),
  { withoutTables = false, ...options }: Partial<AppOptions> & { readonly withoutTables?: boolean } = {},
): Promise<TestServer> {
  if (!withoutTables) await createTables(loadConfig(environment).tables).ensureTables();
  const lines: Record<string, unknown>[] = [];
  const sink = (_level: string, line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { url, stop } = await hostApp(createApp(environment, { sink, ...options }), { port: 0 });
  return { url, mcpUrl: new URL('/mcp', url), environment, lines, stop };
}
