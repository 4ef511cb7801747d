/** This server on its own local host, with every line of the log that it has on Azure. */
import { startHost } from '../../dev/host.ts';
import { createApp } from '../../src/app.ts';
import { report } from './report.ts';

const { routes } = createApp(process.env, {
  sink(_level, line) {
    console.log(line);
  },
});
const { port } = await startHost(routes, { port: 0 });
report(port);
