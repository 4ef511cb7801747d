import type { IncomingMessage } from 'node:http';
import { answerWith, type Fault, type NetworkFault } from './faults.ts';
import { passOn, startRelay, type RelayOptions } from './relay.ts';

type Choose = (request: IncomingMessage, body: Buffer) => Fault | undefined | Promise<Fault | undefined>;

export interface FaultProxyOptions extends RelayOptions {
  /** Decides on a request that `faultOf` leaves undecided; awaited. */
  readonly next?: Choose;
}

/** Stands between a client and a service of this machine and fails in the ways a network and a service do. */
export interface FaultProxy {
  readonly origin: string;
  /** Origin of the service. */
  target: string;
  /** Fault of every request that nothing else decides on. */
  fault: Fault;
  /** Decides on a request before anything else, unless it gives undefined; awaited. */
  faultOf: Choose | undefined;
  /**
   * Begins a fault: of every request, or of those that are meant. A refused connection is refused to all.
   * @returns the paths of the requests that it has met, told at the time of asking; none of those that were refused,
   * and no tries of what was asked before it
   */
  begin(fault: NetworkFault, isMeant?: (path: string) => boolean): Promise<() => readonly string[]>;
  /** Ends it. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

/** What all tries of one question share, if one of Azure's clients asks it. */
function operationOf({ headers }: IncomingMessage): unknown {
  return headers['x-ms-client-request-id'];
}

/** @param target origin of the service; may be given later */
export async function startFaultProxy(
  target = '',
  { next, ...options }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const proxy = { target, fault: 'none' as Fault, faultOf: undefined as Choose | undefined };
  const operations = new Set<unknown>();
  const relay = await startRelay(async (incoming, outgoing, body) => {
    const operation = operationOf(incoming);
    if (operation !== undefined) operations.add(operation);
    const fault = (await proxy.faultOf?.(incoming, body)) ?? (await next?.(incoming, body)) ?? proxy.fault;
    await answerWith(fault, incoming, outgoing, () => passOn(proxy.target, incoming, body));
  }, options);
  return Object.assign(proxy, {
    origin: relay.origin,
    async begin(fault: NetworkFault, isMeant: (path: string) => boolean = () => true) {
      const met: string[] = [];
      const earlier = new Set(operations);
      if (fault === 'connection refused') await relay.refuse();
      else {
        proxy.faultOf = (incoming) => {
          const { url = '' } = incoming;
          if (!isMeant(url)) return undefined;
          if (!earlier.has(operationOf(incoming))) met.push(url);
          return fault;
        };
      }
      return () => met;
    },
    async end() {
      proxy.faultOf = undefined;
      await relay.accept();
    },
    stop: () => relay.stop(),
  });
}
