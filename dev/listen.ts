import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Ends every connection, those with an answer under way too. */
  stop(): Promise<void>;
}

/**
 * Lets a server listen on this machine; port 0 takes a free one.
 * Rejects with the error of `listen` where the port cannot be had.
 */
export async function listen(
  server: HttpServer | HttpsServer,
  port: number,
  host = '127.0.0.1',
): Promise<Listening> {
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
