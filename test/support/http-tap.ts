import { giveBack, passOn, startRelay } from './relay.ts';

/** A server on the way to another one: it passes everything on and lets a test see it. */
export interface HttpTap {
  readonly origin: string;
  /** Called before a request is passed on, and awaited. */
  before: (() => Promise<unknown>) | undefined;
  /** Called with the body of every answer. */
  onAnswer: ((body: string) => void) | undefined;
  stop(): Promise<void>;
}

/** @param target an address on this machine */
export async function startHttpTap(target: string): Promise<HttpTap> {
  const hooks = {
    before: undefined as HttpTap['before'],
    onAnswer: undefined as HttpTap['onAnswer'],
  };
  const port = Number(new URL(target).port);
  const { origin, stop } = await startRelay(async (incoming, outgoing, body) => {
    await hooks.before?.();
    const answer = await passOn(port, incoming, body);
    hooks.onAnswer?.(answer.content.toString());
    giveBack(outgoing, answer);
  });
  return Object.assign(hooks, { origin, stop });
}
