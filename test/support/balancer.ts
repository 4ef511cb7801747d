import type { IncomingHttpHeaders } from 'node:http';
import { giveBack, passOn, startRelay } from './relay.ts';

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
  /** The address that requests are said to come from, for limits; none unless set. */
  from: string | undefined;
  /** Whether answers are thrown away and the connection is cut instead. */
  losesAnswers: boolean;
  stop(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  const state = {
    targets: [] as readonly number[],
    served: [] as Balancer['served'],
    onExchange: undefined as Balancer['onExchange'],
    from: undefined as Balancer['from'],
    losesAnswers: false,
  };
  let turn = 0;
  let url = '';

  const relay = await startRelay(async (incoming, outgoing, body) => {
    const port = state.targets[turn % state.targets.length];
    turn += 1;
    if (port === undefined) throw new Error('the balancer has no targets');
    const { method = '', url: path = '' } = incoming;
    state.served.push({ port, method, path: path.split('?', 1)[0] ?? '' });
    if (state.from !== undefined) incoming.headers['x-forwarded-for'] = state.from;
    const answer = await passOn(port, incoming, body);
    state.onExchange?.({
      url: new URL(path, url),
      requestHeaders: incoming.headers,
      requestBody: body.toString(),
      answerHeaders: answer.message.headers,
      answerBody: answer.content.toString(),
    });
    if (state.losesAnswers) incoming.socket.destroy();
    else giveBack(outgoing, answer);
  });
  url = `http://localhost:${relay.port}`;
  return Object.assign(state, { url, stop: relay.stop });
}
