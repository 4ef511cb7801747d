import { apps } from '../../dev/entra/directory.ts';
import { startUpstream, type Upstream } from '../oauth/upstream.ts';

/** A local Entra of the test's own, as `startUpstream`, that trusts the shared managed identity as the shared one does. */
export function startTrustingUpstream(): Promise<Upstream> {
  const identity = JSON.parse(process.env.TEST_IDENTITY ?? '{}') as {
    readonly issuer: string;
    readonly subject: string;
    readonly jwksUri: string;
  };
  return startUpstream({
    federatedCredentials: [{ clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...identity }],
  });
}
