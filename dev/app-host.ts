import { createApp } from '../src/app.ts';
import type { Job } from '../src/jobs.ts';
import { bundleApp } from './bundle.ts';
import type { Certificate } from './certificate.ts';
import { listensOnLoopbackOnly, startFunctionsHost, type CoreTools } from './core-tools.ts';
import { startHost } from './host.ts';
import { createLineWriter } from './line-writer.ts';
import { createReadableSink } from './readable-log.ts';
import type { Stopper } from './stopper.ts';

/** What is to serve the app: nothing, Core Tools where there are any, otherwise the project's own host. */
export interface HostPlan {
  readonly wanted: boolean;
  readonly port: number;
  readonly tools: CoreTools | undefined;
  readonly certificate: Certificate | undefined;
}

/** Runs each job at its interval, as the Functions host does at its schedule. */
function scheduleJobs(jobs: readonly Job[], stopper: Stopper): void {
  for (const { everyMs, run } of jobs) {
    let latest = Promise.resolve();
    const timer = setInterval(() => {
      latest = run();
    }, everyMs).unref();
    stopper.add(() => {
      clearInterval(timer);
      // What it works on is stopped after this.
      return latest;
    });
  }
}

/** @azure/identity reads these by itself, from the environment of the process. */
function offerIdentity(environment: NodeJS.ProcessEnv): void {
  for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER']) {
    const value = environment[name];
    if (value !== undefined) process.env[name] = value;
  }
}

/** Serves the app; resolves, when it answers, with what resolves when its host ends by itself. */
export async function serveApp(
  { wanted, port, tools, certificate }: HostPlan,
  environment: NodeJS.ProcessEnv,
  stopper: Stopper,
): Promise<Promise<string>[]> {
  if (!wanted) return [];
  if (tools !== undefined) {
    await bundleApp(undefined, { sourceMap: true });
    const host = startFunctionsHost(tools, { port, environment });
    stopper.add(() => host.stop());
    await host.ready;
    return [host.exited.then(() => 'Azure Functions Core Tools')];
  }
  offerIdentity(environment);
  const sink = createReadableSink(createLineWriter(process.stdout));
  const { routes, jobs, close } = createApp(environment, { sink });
  const host = await startHost(routes, { port, ...(certificate !== undefined && { tls: certificate }) });
  stopper.add(async () => {
    await host.stop();
    await close();
  });
  scheduleJobs(jobs, stopper);
  return [];
}

/** For the banner, in a line. */
export function describeHost({ wanted, tools, certificate }: HostPlan): string {
  if (!wanted) return 'none (--no-host): "npm run build", then "func start" with the settings below';
  if (tools !== undefined) {
    const name = `Azure Functions Core Tools ${tools.version} (${tools.path})`;
    return listensOnLoopbackOnly(tools)
      ? name
      : `${name}; before 4.13.0 they may listen on every network interface: update them, or mind your firewall`;
  }
  const reason = certificate === undefined ? 'no "func" 4.x on the PATH' : 'as --https asks for';
  return `the project's own local host (${reason})`;
}
