import { findFreePort } from '../dev/ports.ts';
import { createProxyEnvironment } from './backends.ts';
import type { ServerProcess } from './server-process.ts';
import { startBenchServer, type Setting } from './setting.ts';

/** This server with its authorization server, at which one can sign in. */
export interface ProxyServer {
  readonly process: ServerProcess;
  /** The address under which it knows itself. */
  readonly publicBaseUrl: string;
}

export async function startProxyServer(setting: Setting): Promise<ProxyServer> {
  const port = String(await findFreePort());
  const publicBaseUrl = `http://localhost:${port}`;
  const environment = await createProxyEnvironment(setting.backends, {
    PUBLIC_BASE_URL: publicBaseUrl,
    BENCH_PORT: port,
  });
  return { publicBaseUrl, process: await startBenchServer(setting, 'ours.ts', environment) };
}
