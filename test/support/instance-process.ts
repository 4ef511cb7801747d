/**
 * One instance of the server in a process of its own, on a free port that it tells its parent. The environment is the
 * server's; TEST_TRUSTED holds certificates to trust (a JSON array of PEM texts), TEST_DOCUMENTS_PORT the port of an
 * HTTPS server that clients' metadata documents come from, whatever their host, whose name is said to be at a public
 * address. Messages: `{advanceMs}` puts the server's clock forward, `{asks: 'memory'}` asks for the bytes that it uses
 * after a collection. Log lines go to standard output.
 */
import { connect } from 'node:net';
import * as z from 'zod';
import { startHost } from '../../dev/host.ts';
import { trustCertificates } from '../../dev/trust.ts';
import { createApp } from '../../src/app.ts';

const publicAddress = '93.184.215.14';
const messageSchema = z.union([z.object({ advanceMs: z.number() }), z.object({ asks: z.literal('memory') })]);

const { TEST_TRUSTED, TEST_DOCUMENTS_PORT, ...environment } = process.env;
trustCertificates(...z.array(z.string()).parse(JSON.parse(TEST_TRUSTED ?? '[]')));

let advancedMs = 0;
const { routes } = createApp(environment, {
  sink: (_level, line) => {
    console.log(line);
  },
  now: () => Date.now() + advancedMs,
  ...(TEST_DOCUMENTS_PORT !== undefined && {
    network: {
      resolve: () => Promise.resolve([publicAddress]),
      connect: () => connect({ host: '127.0.0.1', port: Number(TEST_DOCUMENTS_PORT) }),
    },
  }),
});
const { port } = await startHost(routes, { port: 0 });

function measureMemory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('message', (message) => {
  const wanted = messageSchema.parse(message);
  if ('advanceMs' in wanted) {
    advancedMs += wanted.advanceMs;
    process.send?.({ advancedMs });
  } else process.send?.({ bytes: measureMemory() });
});
process.on('disconnect', () => process.exit());
process.send?.({ port });
