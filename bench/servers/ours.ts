/** This server on its own local host, with every line of the log that it has on Azure. */
import { startHost } from '../../dev/host.ts';
import { createApp } from '../../src/app.ts';
import { report } from './report.ts';

const { routes } = createApp(process.env, {
  sink(level, line) {
    // Standard output goes nowhere; what explains a wrong answer is shown.
    const stream = level === 'error' ? process.stderr : process.stdout;
    stream.write(`${line}\n`);
  },
});
// Its own sign-ins have to know the address before it listens there.
const { port } = await startHost(routes, { port: Number(process.env.BENCH_PORT ?? 0) });
report(port);
