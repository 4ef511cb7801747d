import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../dev/listen.ts';

/** Stands before a storage, so that each answer takes the same time. */
export interface PacedStorage {
  /** As the storage's own, with this address. */
  readonly connectionString: string;
  /** Milliseconds that an answer takes at least; 0 at first. */
  paceMs: number;
  stop(): Promise<void>;
}

export interface StorageAddress {
  readonly connectionString: string;
  readonly tablesUrl: string;
}

/**
 * A server that waits longer between two pieces of work takes more CPU for the same work, as its processor has forgotten
 * it. Azurite's answers take longer with more rows; with a pace above that all wait alike.
 */
export async function startPacedStorage({
  connectionString,
  tablesUrl,
}: StorageAddress): Promise<PacedStorage> {
  const { origin } = new URL(tablesUrl);
  if (!connectionString.includes(origin)) throw new Error(`the connection string has no ${origin}`);
  const agent = new Agent({ keepAlive: true });
  const pace = { paceMs: 0 };

  async function passOn(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const due = delay(pace.paceMs);
    const { url = '/', method, headers } = incoming;
    const forwarded = request(new URL(url, origin), { method, headers, agent });
    const answered = once(forwarded, 'response') as Promise<[IncomingMessage]>;
    const [[answer]] = await Promise.all([answered, pipeline(incoming, forwarded)]);
    const content = await buffer(answer);
    await due;
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(content);
  }

  const server = createServer((incoming, outgoing) => {
    passOn(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { port, stop } = await listen(server, 0);
  return Object.assign(pace, {
    connectionString: connectionString.replace(origin, `http://127.0.0.1:${port}`),
    async stop() {
      await stop();
      agent.destroy();
    },
  });
}
