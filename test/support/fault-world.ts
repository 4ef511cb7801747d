import { makeCertificate } from '../../dev/certificate.ts';
import { trustCertificates } from '../../dev/trust.ts';
import type { Upstream } from '../oauth/upstream.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import type { Dependency } from './fault-rows.ts';
import type { NetworkFault } from './faults.ts';
import { startInstance, type Instance } from './instances.ts';
import { startProxyServer } from './proxy-server.ts';
import { startServer } from './server.ts';
import { reachTablesAt, required, sharedTablesUrl } from './shared-services.ts';
import { startTrustingUpstream } from './test-upstream.ts';
import { mintToken } from './tokens.ts';

/** Longer than the clock of a world is put forward, milliseconds. */
const days = 20 * 86_400_000;

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

interface Proxies extends Readonly<Record<'tables' | 'vault' | 'identity', FaultProxy>> {
  readonly entra: Upstream;
  /** Of the one before the vault, PEM. */
  readonly certificate: string;
}

async function startProxies(): Promise<Proxies> {
  const tls = await makeCertificate();
  trustCertificates(tls.cert);
  const [tables, vault, identity, entra] = await Promise.all([
    startFaultProxy(new URL(sharedTablesUrl()).origin),
    startFaultProxy(required('TEST_KEY_VAULT_URL'), { tls }),
    startFaultProxy(new URL(required('IDENTITY_ENDPOINT')).origin),
    startTrustingUpstream({ accessTokenSeconds: days / 1_000 }),
  ]);
  return { tables, vault, identity, entra, certificate: tls.cert };
}

function describeEnvironment({ tables, vault, identity, entra }: Proxies): NodeJS.ProcessEnv {
  return {
    ENTRA_AUTHORITY: entra.authority,
    TABLES_CONNECTION_STRING: reachTablesAt(tables.origin),
    KEY_VAULT_URL: vault.origin,
    IDENTITY_ENDPOINT: required('IDENTITY_ENDPOINT').replace(identity.target, identity.origin),
    TOKEN_EXPIRY_SECONDS: '86400',
  };
}

/** Where each dependency is: Entra's two are told apart by their paths. */
const places: Readonly<
  Record<
    Dependency,
    { readonly proxyOf: (proxies: Proxies) => FaultProxy; readonly isMeant?: (path: string) => boolean }
  >
> = {
  'Table Storage': { proxyOf: ({ tables }) => tables },
  "Entra's signing keys": {
    proxyOf: ({ entra }) => entra.proxy,
    isMeant: (path) => path.includes('/discovery/'),
  },
  "Entra's token endpoint": {
    proxyOf: ({ entra }) => entra.proxy,
    isMeant: (path) => path.endsWith('/oauth2/v2.0/token'),
  },
  'Key Vault': { proxyOf: ({ vault }) => vault },
  'managed identity': { proxyOf: ({ identity }) => identity },
};

export interface FaultWorldOptions {
  /** Cold servers are processes: a library may keep what a second server of one process would find. */
  readonly coldAsProcesses?: boolean;
}

export async function startFaultWorld({
  coldAsProcesses = false,
}: FaultWorldOptions = {}): Promise<FaultWorld> {
  const proxies = await startProxies();
  const changes = describeEnvironment(proxies);
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
      mintToken({ claims: { exp: Math.floor((Date.now() + days) / 1_000) } }, proxies.entra.authority),
    async advance(ms) {
      advancedMs += ms;
      const running = instances.filter(({ isRunning }) => isRunning);
      await Promise.all(running.map((instance) => instance.advance(ms)));
    },
    spoil(dependency, fault) {
      const { proxyOf, isMeant } = places[dependency];
      return proxyOf(proxies).begin(fault, isMeant);
    },
    mend: (dependency) => places[dependency].proxyOf(proxies).end(),
    async stop() {
      await home.stop();
      await Promise.all(instances.map((instance) => instance.kill()));
      await Promise.all([proxies.tables, proxies.vault, proxies.identity].map((proxy) => proxy.stop()));
      await proxies.entra.stop();
    },
  };
}
