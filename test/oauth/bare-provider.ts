import { exportJWK, generateKeyPair } from 'jose';
import type { Provider } from 'oidc-provider';
import { createProvider, type ProviderOptions } from '../../src/oauth/provider.ts';

export const ownOrigin = 'https://server.example';

/** oidc-provider as the server sets it up, with a key of its own and none of its stores: for what it knows of clients. */
export async function createBareProvider(
  changes: Partial<ProviderOptions> & Pick<ProviderOptions, 'adapter' | 'fetch'>,
): Promise<Provider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return createProvider({
    issuer: ownOrigin,
    resource: `${ownOrigin}/mcp`,
    scopes: ['access_as_user'],
    keys: [{ ...(await exportJWK(privateKey)), kid: 'a', alg: 'ES256', use: 'sig' }],
    clients: [],
    accessTokenSeconds: 300,
    refreshTokenSeconds: 3_600,
    registration: true,
    metadataDocuments: true,
    findAccount: () => Promise.resolve(undefined),
    ...changes,
  });
}
