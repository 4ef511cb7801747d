/** This server on its own local host, with every line of the log that it has on Azure. */
import { startHost } from '../../dev/host.ts';
import { createApp } from '../../src/app.ts';
import { report } from './report.ts';

const { routes } = createApp(process.env, {
  sink(_level, line) {
    process.stdout.write(`${line}\n`);
  },
});
// Its own sign-ins have to know the address before it listens there.
const { port } = await startHost(routes, { port: Number(process.env.BENCH_PORT ?? 0) });
report(port);
