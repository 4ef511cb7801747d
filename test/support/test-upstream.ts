import { apps } from '../../dev/entra/directory.ts';
import type { LocalEntraOptions } from '../../dev/entra/server.ts';
import { startUpstream, type Upstream } from '../oauth/upstream.ts';
import { sharedIdentity } from './shared-services.ts';

/** A local Entra of the test's own, as `startUpstream`, that trusts the shared managed identity as the shared one does. */
export function startTrustingUpstream(
  options: Pick<LocalEntraOptions, 'accessTokenSeconds'> = {},
): Promise<Upstream> {
  const trusted = { clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...sharedIdentity() };
  return startUpstream({ ...options, federatedCredentials: [trusted] });
}
