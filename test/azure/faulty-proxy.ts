import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What happens to a request: passed on; cut off before or after the storage acts on it; left waiting; refused. */
export type Fault = 'none' | 'cut-before' | 'cut-after' | 'silence' | 503;

export interface FaultyProxy {
  /** Address of the tables through the proxy. */
  readonly tablesUrl: string;
  /** Faults of the next transactions, one each; then none. */
  readonly transactionFaults: Fault[];
  /** Faults of the next other requests, one each; then `fault`. */
  readonly rowFaults: Fault[];
  /** Fault of every other request. */
  fault: Fault;
  /** Decides on a request before all that, unless it gives undefined; awaited. */
  faultOf: ((request: IncomingMessage) => Fault | undefined | Promise<Fault | undefined>) | undefined;
  stop(): Promise<void>;
}

async function forward(target: URL, incoming: IncomingMessage, body: Buffer) {
  const outgoing = request(new URL(incoming.url ?? '/', target), {
    method: incoming.method,
    headers: incoming.headers,
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { answer, content: await buffer(answer) };
}

/** Stands between the SDK and Azurite and fails in the ways a network and a service do. */
export async function startFaultyProxy(tablesUrl: string): Promise<FaultyProxy> {
  const target = new URL(tablesUrl);
  const proxy = {
    transactionFaults: [] as Fault[],
    rowFaults: [] as Fault[],
    fault: 'none' as Fault,
    faultOf: undefined as FaultyProxy['faultOf'],
  };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const transaction = incoming.url?.endsWith('$batch') === true;
    const fault =
      (await proxy.faultOf?.(incoming)) ??
      (transaction ? proxy.transactionFaults : proxy.rowFaults).shift() ??
      proxy.fault;
    if (fault === 'silence') return;
    if (fault === 'cut-before') return void incoming.socket.destroy();
    if (fault === 503) return void outgoing.writeHead(503).end();
    const { answer, content } = await forward(target, incoming, body);
    if (fault === 'cut-after') return void incoming.socket.destroy();
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    tablesUrl: `http://127.0.0.1:${port}${target.pathname}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}
