import { app } from '@azure/functions';
import { createApp } from './app.ts';
import { registerClose, registerJobs, registerRoutes } from './azure/functions.ts';

const { routes, jobs, close } = createApp(process.env, {
  sink(level, line) {
    console[level](line);
  },
  hostRecords: true,
});
registerRoutes(app, routes);
registerJobs(app, jobs);
registerClose(app, close);
