import { createHistogram, performance } from 'node:perf_hooks';
import { Client } from 'undici';
import type { MakeCall } from './calls.ts';

export interface Load {
  readonly origin: string;
  /** Each sends its next call when the answer to the one before is there and right. */
  readonly connections: number;
  readonly calls: number;
  readonly path: string;
  readonly makeCall: MakeCall;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function send(client: Client, path: string, makeCall: MakeCall, id: number): Promise<void> {
  const { headers, body, check } = makeCall(id);
  const response = await client.request({ path, method: 'POST', headers, body });
  const contentType = String(response.headers['content-type']);
  check({ status: response.statusCode, contentType, body: await response.body.text() });
}

/**
 * Runs that many calls, their ids from 1 on, every answer checked. Rejects with the first wrong answer, or with what
 * broke a connection.
 */
export async function runLoad({ origin, connections, calls, path, makeCall }: Load): Promise<LoadResult> {
  const histogram = createHistogram();
  const clients = Array.from({ length: connections }, () => new Client(origin));
  let made = 0;

  async function work(client: Client): Promise<void> {
    while (made < calls) {
      made += 1;
      const sentAt = process.hrtime.bigint();
      await send(client, path, makeCall, made);
      histogram.record(process.hrtime.bigint() - sentAt);
    }
  }

  const startedAt = performance.now();
  try {
    await Promise.all(clients.map(work));
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
  }
  return {
    perSecond: calls / ((performance.now() - startedAt) / 1_000),
    p50Ms: histogram.percentile(50) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
  };
}
