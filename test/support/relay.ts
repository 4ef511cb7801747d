import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as requestByTls } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { listen, type Listening } from '../../dev/listen.ts';
import { findFreePort } from '../../dev/ports.ts';

/** An answer that has come in as a whole. */
export interface Answer {
  readonly message: IncomingMessage;
  readonly content: Buffer;
}

export interface RelayOptions {
  /** PEM texts; with them it speaks HTTPS only. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What stands between a client and a server of a test. */
export interface Relay extends Listening {
  readonly origin: string;
  /** From now on connections are refused, and those that there are end. */
  refuse(): Promise<void>;
  /** Listens again, where it did. */
  accept(): Promise<void>;
}

/** Sends a request to another server of this machine as it came in, over a connection of its own. */
export async function passOn(
  target: number | string,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const origin = typeof target === 'number' ? `http://127.0.0.1:${target}` : target;
  const send = origin.startsWith('https:') ? requestByTls : request;
  const { url: path = '/', method, headers } = incoming;
  const outgoing = send(new URL(path, origin), { method, headers, agent: false });
  outgoing.end(body);
  const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { message, content: await buffer(message) };
}

export function giveBack(outgoing: ServerResponse, { message, content }: Answer): void {
  outgoing.writeHead(message.statusCode ?? 500, message.headers).end(content);
}

/** Listens on a free port of 127.0.0.1; where the work fails, the connection is cut. */
export async function startRelay(
  work: (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer) => Promise<unknown>,
  { tls }: RelayOptions = {},
): Promise<Relay> {
  const underWay = new Set<Promise<unknown>>();
  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await work(incoming, outgoing, await buffer(incoming));
  }
  function onRequest(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const handled = handle(incoming, outgoing)
      .catch(() => incoming.socket.destroy())
      .finally(() => underWay.delete(handled));
    underWay.add(handled);
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  // Below the ports of outgoing connections, one of which could have it when it is to be listened on again.
  const { port, stop } = await listen(server, await findFreePort());

  async function refuse(): Promise<void> {
    if (server.listening) await stop();
  }
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    refuse,
    async accept() {
      if (!server.listening) await listen(server, port);
    },
    async stop() {
      await refuse();
      // What is under way may still have a service to act.
      await Promise.all(underWay);
    },
  };
}
