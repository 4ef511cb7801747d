import type { IncomingMessage } from 'node:http';
import { giveBack, passOn, startRelay } from '../support/relay.ts';

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

/** Stands between the SDK and Azurite and fails in the ways a network and a service do. */
export async function startFaultyProxy(tablesUrl: string): Promise<FaultyProxy> {
  const target = new URL(tablesUrl);
  const proxy = {
    transactionFaults: [] as Fault[],
    rowFaults: [] as Fault[],
    fault: 'none' as Fault,
    faultOf: undefined as FaultyProxy['faultOf'],
  };

  const relay = await startRelay(async (incoming, outgoing, body) => {
    const transaction = incoming.url?.endsWith('$batch') === true;
    const fault =
      (await proxy.faultOf?.(incoming)) ??
      (transaction ? proxy.transactionFaults : proxy.rowFaults).shift() ??
      proxy.fault;
    if (fault === 'silence') return;
    if (fault === 'cut-before') return void incoming.socket.destroy();
    if (fault === 503) return void outgoing.writeHead(503).end();
    const answer = await passOn(Number(target.port), incoming, body);
    if (fault === 'cut-after') return void incoming.socket.destroy();
    giveBack(outgoing, answer);
  });
  return Object.assign(proxy, { tablesUrl: relay.origin + target.pathname, stop: relay.stop });
}
