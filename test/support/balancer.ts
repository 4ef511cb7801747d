import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request and its answer, as they passed. */
export interface Exchange {
  readonly url: URL;
  readonly requestHeaders: IncomingHttpHeaders;
  readonly requestBody: string;
  readonly answerHeaders: IncomingHttpHeaders;
  readonly answerBody: string;
}

/** What stands before several instances: every request goes to the next of them. */
export interface Balancer {
  /** The public URL of all instances. */
  readonly url: string;
  /** Ports of the instances that are in turn. */
  targets: readonly number[];
  /** Where each request went, in order. */
  readonly served: { readonly port: number; readonly method: string; readonly path: string }[];
  /** Called, when set, with every exchange. */
  onExchange: ((exchange: Exchange) => void) | undefined;
  /** Whether answers are thrown away and the connection is cut instead. */
  losesAnswers: boolean;
  stop(): Promise<void>;
}

async function pass(
  port: number,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<{ answer: IncomingMessage; content: Buffer }> {
  const { url, method, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, path: url, method, headers, agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { answer, content: await buffer(answer) };
}

export async function startBalancer(): Promise<Balancer> {
  const state = {
    targets: [] as readonly number[],
    served: [] as Balancer['served'],
    onExchange: undefined as Balancer['onExchange'],
    losesAnswers: false,
  };
  let turn = 0;
  let origin = '';

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const port = state.targets[turn % state.targets.length];
    turn += 1;
    if (port === undefined) throw new Error('the balancer has no targets');
    const { method = '', url = '' } = incoming;
    state.served.push({ port, method, path: url.split('?', 1)[0] ?? '' });
    const body = await buffer(incoming);
    const { answer, content } = await pass(port, incoming, body);
    state.onExchange?.({
      url: new URL(url, origin),
      requestHeaders: incoming.headers,
      requestBody: body.toString(),
      answerHeaders: answer.headers,
      answerBody: content.toString(),
    });
    if (state.losesAnswers) incoming.socket.destroy();
    else outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, {
    url: origin,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}
