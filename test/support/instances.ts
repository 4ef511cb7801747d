import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { killRunning } from './kill-running.ts';
import { createProxyEnvironment } from './server.ts';

/** One instance: a process. */
export interface Instance {
  readonly port: number;
  readonly isRunning: boolean;
  /** All that it printed so far, log and console. */
  output(): string;
  /** Puts its clock forward. */
  advance(ms: number): Promise<void>;
  /** Bytes that it uses, after a garbage collection. */
  memory(): Promise<number>;
  /** As `killRunning`. */
  kill(): Promise<void>;
}

const entry = resolve(import.meta.dirname, 'instance-process.ts');

/** Starts an instance. Its environment is the given one and nothing of this process. */
export async function startInstance(environment: NodeJS.ProcessEnv): Promise<Instance> {
  const { PATH, HOME, SystemRoot, TEMP } = process.env;
  const child = fork(entry, [], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
    env: { PATH, HOME, SystemRoot, TEMP, ...environment },
    silent: true,
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (output += String(chunk)));
  // Not at its exit: what it printed last may come after that.
  const ended = once(child, 'close').then(() => Promise.reject(new Error(`the instance ended: ${output}`)));
  ended.catch(() => undefined);

  async function receive<T>(): Promise<T> {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [T];
    return message;
  }

  function ask<T>(message: object): Promise<T> {
    const answered = receive<T>();
    // One that cannot be sent anything has ended, which tells more than that it cannot.
    child.send(message, () => undefined);
    return answered;
  }

  const { port } = await receive<{ port: number }>();
  return {
    port,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    output: () => output,
    advance: (advanceMs) => ask({ advanceMs }),
    memory: async () => (await ask<{ bytes: number }>({ asks: 'memory' })).bytes,
    kill: () => killRunning(child, () => output),
  };
}

/** Instances of one server, with one set of tables, behind a balancer at their public URL. */
export interface Cluster {
  /** The public URL. */
  readonly url: string;
  readonly balancer: Balancer;
  readonly environment: NodeJS.ProcessEnv;
  /** Those that run. */
  readonly instances: readonly [Instance, Instance];
  /** Puts two fresh ones in the place of those that run: with empty caches and the time of day. */
  renew(): Promise<readonly [Instance, Instance]>;
  /** Puts a fresh one in the place of each that was killed, and both in turn again. */
  revive(): Promise<readonly [Instance, Instance]>;
  /** All that was printed by those that run and by those that ran. */
  outputs(): readonly string[];
  /** Puts every clock forward. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts two instances, between which requests alternate. Certificates in PEM are trusted beside the shared vault's. */
export async function startCluster(
  changes: NodeJS.ProcessEnv = {},
  certificates: readonly string[] = [],
): Promise<Cluster> {
  const balancer = await startBalancer();
  const environment = createProxyEnvironment({
    PUBLIC_BASE_URL: balancer.url,
    TEST_TRUSTED: JSON.stringify([process.env.TEST_KEY_VAULT_CERTIFICATE ?? '', ...certificates]),
    ...changes,
  });
  await createTables(loadConfig(environment).tables).ensureTables();
  let instances: Cluster['instances'];
  const started: Instance[] = [];
  async function start(): Promise<Instance> {
    const instance = await startInstance(environment);
    started.push(instance);
    return instance;
  }
  const killAll = () => Promise.all(instances.map((instance) => instance.kill()));

  function put(pair: Cluster['instances']): Cluster['instances'] {
    instances = pair;
    balancer.targets = pair.map(({ port }) => port);
    return pair;
  }

  instances = put(await Promise.all([start(), start()]));
  return {
    url: balancer.url,
    balancer,
    environment,
    get instances() {
      return instances;
    },
    outputs: () => started.map((instance) => instance.output()),
    async renew() {
      await killAll();
      return put(await Promise.all([start(), start()]));
    },
    async revive() {
      const [one, other] = instances;
      const keep = (instance: Instance) => (instance.isRunning ? instance : start());
      return put(await Promise.all([keep(one), keep(other)]));
    },
    async advance(ms) {
      await Promise.all(instances.map((instance) => instance.advance(ms)));
    },
    async stop() {
      await killAll();
      await balancer.stop();
    },
  };
}
