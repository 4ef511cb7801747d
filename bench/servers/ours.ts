/** This server on its own local host, with every line of the log that it has on Azure. */
import { startHost } from '../../dev/host.ts';
import { createLineWriter } from '../../dev/line-writer.ts';
import { createApp } from '../../src/app.ts';
import { report } from './report.ts';

const write = createLineWriter(process.stdout);
const { routes } = createApp(process.env, {
  sink(level, line) {
    write(line);
    // Standard output goes nowhere; what explains a wrong answer is shown.
    if (level === 'error') console.error(line);
  },
});
// Its own sign-ins have to know the address before it listens there.
const { port } = await startHost(routes, { port: Number(process.env.BENCH_PORT ?? 0) });
report(port);
