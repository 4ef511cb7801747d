import { describeProxies, entraTokenMs, faultsOf, startProxies, stopProxies } from './fault-proxies.ts';
import type { Dependency } from './fault-rows.ts';
import type { NetworkFault } from './faults.ts';
import { startInstance, type Instance } from './instances.ts';
import { startProxyServer } from './proxy-server.ts';
import { startServer } from './server.ts';
import { required } from './shared-services.ts';
import { mintToken } from './tokens.ts';

/** A server of the world. */
export interface FaultyServer {
  /** Where it listens, which for a cold one is not its public URL. */
  readonly url: string;
  stop(): Promise<unknown>;
}

/** A server between proxies to everything that it depends on, with a clock of its own. */
export interface FaultWorld {
  /** One at the public URL, for sign-ins. */
  readonly home: FaultyServer;
  readonly environment: NodeJS.ProcessEnv;
  /** Another instance of it that is to know things before something fails. */
  startWarm(): Promise<FaultyServer>;
  /** Another that is to have asked nobody. */
  startCold(): Promise<FaultyServer>;
  /** A token of Entra's for Alice that is good for days. */
  mintToken(): Promise<string>;
  /** Puts the clock of all of them forward. */
  advance(ms: number): Promise<void>;
  /** Begins a fault. Tells the paths of the requests that it has met, when asked. */
  spoil(dependency: Dependency, fault: NetworkFault): Promise<() => readonly string[]>;
  /** Ends it. */
  mend(dependency: Dependency): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultWorldOptions {
  /** Cold servers are processes: a library may keep what a second server of one process would find. */
  readonly coldAsProcesses?: boolean;
}

export async function startFaultWorld({
  coldAsProcesses = false,
}: FaultWorldOptions = {}): Promise<FaultWorld> {
  const proxies = await startProxies();
  const changes: NodeJS.ProcessEnv = { ...describeProxies(proxies), TOKEN_EXPIRY_SECONDS: '86400' };
  // @azure/identity reads it by itself.
  process.env.IDENTITY_ENDPOINT = changes.IDENTITY_ENDPOINT;
  let advancedMs = 0;
  const now = () => Date.now() + advancedMs;
  const home = await startProxyServer(changes, { now });
  const { environment } = home;
  const startHere = () => startServer(environment, { withoutTables: true, now });
  const instances: Instance[] = [];

  async function startColdProcess(): Promise<FaultyServer> {
    const certificates = [required('TEST_KEY_VAULT_CERTIFICATE'), proxies.certificate];
    const instance = await startInstance({ ...environment, TEST_TRUSTED: JSON.stringify(certificates) });
    await instance.advance(advancedMs);
    instances.push(instance);
    return { url: `http://localhost:${instance.port}`, stop: () => instance.kill() };
  }

  return {
    home,
    environment,
    startWarm: startHere,
    startCold: coldAsProcesses ? startColdProcess : startHere,
    mintToken: () =>
      mintToken(
        { claims: { exp: Math.floor((Date.now() + entraTokenMs) / 1_000) } },
        proxies.entra.authority,
      ),
    async advance(ms) {
      advancedMs += ms;
      const running = instances.filter(({ isRunning }) => isRunning);
      await Promise.all(running.map((instance) => instance.advance(ms)));
    },
    spoil: (dependency, fault) => faultsOf(proxies, dependency).begin(fault),
    mend: (dependency) => faultsOf(proxies, dependency).end(),
    async stop() {
      await home.stop();
      await Promise.all(instances.map((instance) => instance.kill()));
      await stopProxies(proxies);
    },
  };
}
