import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen, type Listening } from '../../dev/listen.ts';

/** An answer that has come in as a whole. */
export interface Answer {
  readonly message: IncomingMessage;
  readonly content: Buffer;
}

/** What stands between a client and a server of a test. */
export interface Relay extends Listening {
  readonly origin: string;
}

/** Sends a request to another port of this machine as it came in, over a connection of its own. */
export async function passOn(port: number, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const { url: path, method, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
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
): Promise<Relay> {
  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await work(incoming, outgoing, await buffer(incoming));
  }
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  const listening = await listen(server, 0);
  return { ...listening, origin: `http://127.0.0.1:${listening.port}` };
}
