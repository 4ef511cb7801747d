import { setImmediate as nextTurn } from 'node:timers/promises';
import { startLocalEntra, type LocalEntraOptions } from '../../dev/entra/server.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';

/** A local Entra of the test's own, behind a proxy that can fail and remembers what was asked of it. */
export interface Upstream {
  readonly authority: string;
  /** The forms that were posted to the token endpoint, with their tenant segment. */
  readonly tokenRequests: { readonly tenant: string; readonly form: URLSearchParams }[];
  /** Of requests for tokens. */
  fault: Fault;
  /** Called before a request for tokens is passed on, and awaited. */
  beforeToken: () => Promise<unknown>;
  /** What stands before it, for faults of all that Entra answers. */
  readonly proxy: FaultProxy;
  setEnabled(username: string, enabled: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startUpstream(options: Partial<LocalEntraOptions> = {}): Promise<Upstream> {
  const state = {
    fault: 'none' as Fault,
    tokenRequests: [] as Upstream['tokenRequests'],
    beforeToken: (): Promise<unknown> => nextTurn(),
  };
  const proxy = await startFaultProxy(undefined, {
    async next({ url = '' }, body) {
      const [, tenant] = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(url) ?? [];
      if (tenant === undefined) return undefined;
      state.tokenRequests.push({ tenant, form: new URLSearchParams(body.toString()) });
      await state.beforeToken();
      return state.fault;
    },
  });
  const authority = proxy.origin;
  const entra = await startLocalEntra({ ...options, port: 0, authority });
  proxy.target = `http://127.0.0.1:${entra.port}`;

  return Object.assign(state, {
    authority,
    proxy,
    async setEnabled(username: string, enabled: boolean) {
      const response = await fetch(`${authority}/dev/users/${username}`, {
        method: 'POST',
        body: JSON.stringify({ enabled }),
      });
      if (!response.ok) throw new Error(`the switch answered ${response.status}`);
    },
    async stop() {
      await proxy.stop();
      await entra.stop();
    },
  });
}
