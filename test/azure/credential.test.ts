import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createCredential } from '../../src/azure/credential.ts';

const scope = 'https://storage.azure.com/.default';
const environment = { ...process.env };

afterEach(() => {
  process.env = { ...environment };
});

/** The identity endpoint of App Service: `GET ?resource=…&client_id=…` with the platform's secret header. */
async function startIdentityEndpoint() {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const known = request.headers['x-identity-header'] === 'platform-secret';
    asked.push(new URL(request.url ?? '/', 'http://127.0.0.1').searchParams);
    response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ access_token: 'issued', expires_on: '4102444800', token_type: 'Bearer' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${port}/msi/token`;
  process.env.IDENTITY_HEADER = 'platform-secret';
  return { asked, stop: () => server.close().closeAllConnections() };
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
      endpoint.stop();
    }
  });

  it('uses the developer’s tools where there is no managed identity, and fails when there are none', async () => {
    process.env.PATH = tmpdir();
    const credential = createCredential({ managedIdentity: false });
    await expect(credential.getToken(scope)).rejects.toMatchObject({ name: 'AggregateAuthenticationError' });
  });
});
