import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { serveFetch } from '../../dev/host.ts';
import { createCredential } from '../../src/azure/credential.ts';

const scope = 'https://storage.azure.com/.default';
const environment = { ...process.env };

afterEach(() => {
  process.env = { ...environment };
});

/** The identity endpoint of App Service: `GET ?resource=…&client_id=…` with the platform's secret header. */
async function startIdentityEndpoint() {
  const asked: URLSearchParams[] = [];
  function handle(request: Request): Response {
    const known = request.headers.get('x-identity-header') === 'platform-secret';
    asked.push(new URL(request.url).searchParams);
    const answer = { access_token: 'issued', expires_on: '4102444800', token_type: 'Bearer' };
    return Response.json(answer, { status: known ? 200 : 401 });
  }
  const { url, stop } = await serveFetch(handle, { port: 0 });
  process.env.IDENTITY_ENDPOINT = `${url}/msi/token`;
  process.env.IDENTITY_HEADER = 'platform-secret';
  return { asked, stop };
}

describe('the credential', () => {
  it('asks the platform for a token of the identity named by its client id', async () => {
    const endpoint = await startIdentityEndpoint();
    const clientId = '44444444-4444-4444-8444-444444444444';
    try {
      const credential = createCredential({ managedIdentity: true, clientId });
      expect(await credential.getToken(scope)).toMatchObject({ token: 'issued' });
      expect(endpoint.asked.map((query) => Object.fromEntries(query))).toEqual([
        expect.objectContaining({ resource: 'https://storage.azure.com', client_id: clientId }),
      ]);
    } finally {
      await endpoint.stop();
    }
  });

  it('uses the developer’s tools where there is no managed identity, and fails when there are none', async () => {
    process.env.PATH = tmpdir();
    const credential = createCredential({ managedIdentity: false });
    await expect(credential.getToken(scope)).rejects.toMatchObject({ name: 'AggregateAuthenticationError' });
  });
});
