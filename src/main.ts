import { app } from '@azure/functions';
import { createApp } from './app.ts';
import { registerRoutes } from './azure/functions.ts';

const { routes } = createApp(process.env, {
  sink(level, line) {
    console[level](line);
  },
});
registerRoutes(app, routes);
