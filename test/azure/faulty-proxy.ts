import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';

/** What stands between the SDK and Azurite; its faults of single requests come before `fault`. */
export interface FaultyProxy extends FaultProxy {
  /** Address of the tables through the proxy. */
  readonly tablesUrl: string;
  /** Faults of the next transactions, one each; then none. */
  readonly transactionFaults: Fault[];
  /** Faults of the next other requests, one each; then `fault`. */
  readonly rowFaults: Fault[];
}

export async function startFaultyProxy(tablesUrl: string): Promise<FaultyProxy> {
  const { origin, pathname } = new URL(tablesUrl);
  const transactionFaults: Fault[] = [];
  const rowFaults: Fault[] = [];
  const proxy = await startFaultProxy(origin, {
    next: ({ url = '' }) => (url.endsWith('$batch') ? transactionFaults : rowFaults).shift(),
  });
  return Object.assign(proxy, { tablesUrl: proxy.origin + pathname, transactionFaults, rowFaults });
}
