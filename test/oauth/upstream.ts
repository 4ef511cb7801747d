import { setImmediate as nextTurn } from 'node:timers/promises';
import { startLocalEntra, type LocalEntraOptions } from '../../dev/entra/server.ts';
import { giveBack, passOn, startRelay } from '../support/relay.ts';

/** What happens to a request for tokens: besides an answer of the test's own, changes of Entra's JSON. */
export type UpstreamFault =
  | 'none'
  | 'silence'
  | 'cut-before'
  | 'cut-after'
  | { readonly rewrite: (tokens: Record<string, unknown>) => Record<string, unknown> }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** A local Entra of the test's own, behind a proxy that can fail and remembers what was asked of it. */
export interface Upstream {
  readonly authority: string;
  /** The forms that were posted to the token endpoint, with their tenant segment. */
  readonly tokenRequests: { readonly tenant: string; readonly form: URLSearchParams }[];
  fault: UpstreamFault;
  /** Called before a request for tokens is passed on, and awaited. */
  beforeToken: () => Promise<unknown>;
  setEnabled(username: string, enabled: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startUpstream(options: Partial<LocalEntraOptions> = {}): Promise<Upstream> {
  const state = {
    fault: 'none' as UpstreamFault,
    tokenRequests: [] as Upstream['tokenRequests'],
    beforeToken: (): Promise<unknown> => nextTurn(),
  };
  let entraPort = 0;

  const relay = await startRelay(async (incoming, outgoing, body) => {
    const [, tenant] = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(incoming.url ?? '') ?? [];
    if (tenant !== undefined) {
      state.tokenRequests.push({ tenant, form: new URLSearchParams(body.toString()) });
      await state.beforeToken();
    }
    const fault = tenant === undefined ? 'none' : state.fault;
    if (fault === 'silence') return;
    if (fault === 'cut-before') return void incoming.socket.destroy();
    if (typeof fault === 'object' && 'status' in fault)
      return void outgoing
        .writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
        .end(fault.body);
    const answer = await passOn(entraPort, incoming, body);
    if (fault === 'cut-after') return void incoming.socket.destroy();
    if (typeof fault === 'object') {
      const changed = fault.rewrite(JSON.parse(answer.content.toString()) as Record<string, unknown>);
      return void outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(changed));
    }
    giveBack(outgoing, answer);
  });
  const authority = relay.origin;
  const entra = await startLocalEntra({ ...options, port: 0, authority });
  entraPort = entra.port;

  return Object.assign(state, {
    authority,
    async setEnabled(username: string, enabled: boolean) {
      const response = await fetch(`${authority}/dev/users/${username}`, {
        method: 'POST',
        body: JSON.stringify({ enabled }),
      });
      if (!response.ok) throw new Error(`the switch answered ${response.status}`);
    },
    async stop() {
      await relay.stop();
      await entra.stop();
    },
  });
}
