import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A port of 127.0.0.1 that something listens on, which never says a word. */
export interface TakenPort {
  readonly port: number;
  /** How many have connected, once all of them have left. */
  allLeft(): Promise<number>;
  /** Cuts what is connected still. */
  stop(): Promise<void>;
}

/** @param wanted 0 takes a free one */
export async function takePort(wanted = 0): Promise<TakenPort> {
  const sockets: Socket[] = [];
  const departures: Promise<unknown>[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    departures.push(new Promise((resolve) => socket.once('close', resolve)));
    // Whoever connects may leave as they like.
    socket.on('error', () => undefined).resume();
  }).listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    allLeft: async () => (await Promise.all(departures)).length,
    async stop() {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
