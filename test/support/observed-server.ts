import type { IncomingMessage } from 'node:http';
import type { AppOptions } from '../../src/app.ts';
import { startFaultyProxy, type FaultyProxy } from '../azure/faulty-proxy.ts';
import { startProxyServer } from './proxy-server.ts';
import type { TestServer } from './server.ts';
import { reachTablesAt, sharedTablesUrl } from './shared-services.ts';

/** A server with its authorization server, whose questions to the storage a test sees and can spoil. */
export interface ObservedServer {
  readonly server: TestServer;
  readonly storage: FaultyProxy;
  /** The questions to the storage in the time of this work, as `{verb} {table without prefix}`. Takes `faultOf`. */
  tripsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startObservedServer(
  changes: NodeJS.ProcessEnv = {},
  options: Partial<AppOptions> = {},
): Promise<ObservedServer> {
  const storage = await startFaultyProxy(sharedTablesUrl());
  const TABLES_CONNECTION_STRING = reachTablesAt(storage.tablesUrl);
  const server = await startProxyServer({ ...changes, TABLES_CONNECTION_STRING }, options);
  const pattern = new RegExp(`/${String(server.environment.TABLE_PREFIX)}(\\w+)`);
  const nameOf = ({ method = '', url = '' }: IncomingMessage) => `${method} ${pattern.exec(url)?.[1] ?? url}`;
  return {
    server,
    storage,
    async tripsOf(work) {
      const trips: string[] = [];
      storage.faultOf = (request) => {
        trips.push(nameOf(request));
        return undefined;
      };
      try {
        await work();
      } finally {
        storage.faultOf = undefined;
      }
      return trips;
    },
    async stop() {
      await server.stop();
      await storage.stop();
    },
  };
}
