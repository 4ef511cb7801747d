import { makeCertificate } from '../../dev/certificate.ts';
import { trustCertificates } from '../../dev/trust.ts';
import type { Upstream } from '../oauth/upstream.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import type { Dependency } from './fault-rows.ts';
import type { NetworkFault } from './faults.ts';
import { reachTablesAt, required, sharedTablesUrl } from './shared-services.ts';
import { startTrustingUpstream } from './test-upstream.ts';

/** Life of Entra's tokens: longer than the clock of a test is put forward, milliseconds. */
export const entraTokenMs = 20 * 86_400_000;

/** What stands before everything that a server depends on. */
export interface Proxies extends Readonly<Record<'tables' | 'vault' | 'identity', FaultProxy>> {
  readonly entra: Upstream;
  /** Of the one before the vault, PEM. */
  readonly certificate: string;
}

/** Proxies before what all tests share, and before an Entra of their own. */
export async function startProxies(): Promise<Proxies> {
  const tls = await makeCertificate();
  trustCertificates(tls.cert);
  const [tables, vault, identity, entra] = await Promise.all([
    startFaultProxy(new URL(sharedTablesUrl()).origin),
    startFaultProxy(required('TEST_KEY_VAULT_URL'), { tls }),
    startFaultProxy(new URL(required('IDENTITY_ENDPOINT')).origin),
    startTrustingUpstream({ accessTokenSeconds: entraTokenMs / 1_000 }),
  ]);
  return { tables, vault, identity, entra, certificate: tls.cert };
}

/** The settings of a server that goes through them. */
export function describeProxies({ tables, vault, identity, entra }: Proxies): NodeJS.ProcessEnv {
  return {
    ENTRA_AUTHORITY: entra.authority,
    TABLES_CONNECTION_STRING: reachTablesAt(tables.origin),
    KEY_VAULT_URL: vault.origin,
    IDENTITY_ENDPOINT: required('IDENTITY_ENDPOINT').replace(identity.target, identity.origin),
  };
}

export async function stopProxies({ tables, vault, identity, entra }: Proxies): Promise<void> {
  await Promise.all([tables, vault, identity, entra].map((proxy) => proxy.stop()));
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

/** The faults of one dependency: as those of its proxy, for what concerns it alone. */
export function faultsOf(proxies: Proxies, dependency: Dependency) {
  const { proxyOf, isMeant } = places[dependency];
  const proxy = proxyOf(proxies);
  return {
    begin: (fault: NetworkFault) => proxy.begin(fault, isMeant),
    end: () => proxy.end(),
  };
}
