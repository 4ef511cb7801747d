import { createHistogram, performance } from 'node:perf_hooks';
import { Client } from 'undici';
import type { MakeCall } from './calls.ts';

export interface Load {
  readonly origin: string;
  readonly path: string;
  /** Each sends its next call when the answer to the one before is there and right. */
  readonly connections: number;
  readonly calls: number;
  readonly makeCall: MakeCall;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Milliseconds; a server that says nothing for so long has failed. */
const timeouts = { headersTimeout: 30_000, bodyTimeout: 30_000 };

/**
 * Runs that many calls, as many on each connection, every answer checked. Rejects with the first wrong answer, or with
 * what broke a connection.
 */
export async function runLoad({ origin, path, connections, calls, makeCall }: Load): Promise<LoadResult> {
  const histogram = createHistogram();
  const clients = Array.from({ length: connections }, () => new Client(origin, timeouts));

  async function send(client: Client, id: number, connection: number): Promise<void> {
    const { headers, body, check } = makeCall(id, connection);
    const sentAt = process.hrtime.bigint();
    const response = await client.request({ path, method: 'POST', headers, body });
    const text = await response.body.text();
    histogram.record(process.hrtime.bigint() - sentAt);
    const contentType = String(response.headers['content-type']);
    check({ status: response.statusCode, contentType, body: text });
  }

  const startedAt = performance.now();
  try {
    await Promise.all(
      clients.map(async (client, connection) => {
        for (let id = connection + 1; id <= calls; id += connections) await send(client, id, connection);
      }),
    );
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
  }
  return {
    perSecond: calls / ((performance.now() - startedAt) / 1_000),
    p50Ms: histogram.percentile(50) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
  };
}
