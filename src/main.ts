import { app } from '@azure/functions';
import { createApp } from './app.ts';
import { registerJobs, registerRoutes } from './azure/functions.ts';

const { routes, jobs } = createApp(process.env, {
  sink(level, line) {
    console[level](line);
  },
});
registerRoutes(app, routes);
registerJobs(app, jobs);
