import { createHash, randomBytes } from 'node:crypto';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { createEntraVerifier } from '../../src/auth/entra-verifier.ts';
import type { Config } from '../../src/config.ts';
import {
  createEntraClient,
  type EntraClient,
  type EntraClientOptions,
  type SignInHints,
} from '../../src/oauth/entra-client.ts';
import { createBrowser, signIn, type Person } from '../dev/entra-client.ts';

export const publicBaseUrl = 'http://127.0.0.1:7071';

/** The configuration of a server whose Entra is at this authority, changed as given. */
export function entraConfig(authority: string, changes: Partial<Config['entra']> = {}): Config['entra'] {
  return {
    authority,
    tenantId: homeTenant.id,
    audiences: [apps.api.id, apps.api.api.identifierUri],
    requiredScopes: ['access_as_user'],
    requiredAppRoles: ['Mcp.Invoke'],
    allowedTenants: [homeTenant.id],
    allowedClientIds: [],
    ...changes,
  };
}

/** The proxy as the local Entra knows it, changed as given. */
export function createTestClient(
  entra: Config['entra'],
  changes: Partial<Omit<EntraClientOptions, 'entra'>> = {},
): EntraClient {
  const verifier = createEntraVerifier(entra);
  return createEntraClient({
    entra,
    oauth: { clientId: apps.proxy.id, extraAuthorizeParams: {} },
    publicBaseUrl,
    credential: { clientSecret: () => Promise.resolve([apps.proxy.secret]) },
    verify: (token) => verifier.verify(token),
    ...changes,
  });
}

/** The secrets of one sign-in. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What the proxy makes when somebody presses Allow, and where it sends the browser. */
export function beginSignIn(client: EntraClient, hints: SignInHints = {}) {
  const [state, nonce, codeVerifier] = Array.from({ length: 3 }, () => randomBytes(32).toString('base64url'));
  const expected = { state, nonce, codeVerifier } as Expected;
  const codeChallenge = createHash('sha256').update(expected.codeVerifier).digest('base64url');
  return { expected, url: client.authorizeUrl({ ...expected, codeChallenge, hints }) };
}

/** A person's way through Entra's pages, up to the redirect to the callback. */
export async function signInAt(client: EntraClient, person: Person) {
  const { expected, url } = beginSignIn(client);
  const { response, target } = await signIn(createBrowser(), url, person);
  return { expected, response, callback: target.searchParams };
}

/** A whole sign-in. */
export async function obtainTokens(client: EntraClient, person: Person) {
  const { callback, expected } = await signInAt(client, person);
  return client.redeem(callback, expected);
}
