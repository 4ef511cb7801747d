import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server on the way to another one: it passes everything on and lets a test see it. */
export interface HttpTap {
  readonly origin: string;
  /** Called before a request is passed on, and awaited. */
  before: (() => Promise<unknown>) | undefined;
  /** Called with the body of every answer. */
  onAnswer: ((body: string) => void) | undefined;
  stop(): Promise<void>;
}

/** @param target an origin */
export async function startHttpTap(target: string): Promise<HttpTap> {
  const hooks = {
    before: undefined as HttpTap['before'],
    onAnswer: undefined as HttpTap['onAnswer'],
  };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, headers, url = '/' } = incoming;
    const body = await buffer(incoming);
    await hooks.before?.();
    const passed = request(new URL(url, target), { method, headers });
    passed.end(body);
    const [answer] = (await once(passed, 'response')) as [IncomingMessage];
    const content = await buffer(answer);
    hooks.onAnswer?.(content.toString());
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(hooks, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}
