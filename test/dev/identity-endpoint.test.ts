import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../../dev/identity-endpoint.ts';
import { createCredential } from '../../src/azure/credential.ts';

const exchange = 'api://AzureADTokenExchange';
const ownClientId = '1de00000-0000-4000-8000-000000000001';
const environment = { ...process.env };

let folder: string;
let identity: LocalIdentityEndpoint;

// One for all tests: @azure/identity takes a process' endpoint from the environment once.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  identity = await startLocalIdentityEndpoint({ port: 0 });
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
});

afterAll(async () => {
  process.env = { ...environment };
  await identity.stop();
  rmSync(folder, { recursive: true });
});

async function ask(query: Record<string, string>, headers: Record<string, string>) {
  const response = await fetch(`${identity.endpoint}?${new URLSearchParams(query).toString()}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the local identity endpoint', () => {
  it.each([{}, { clientId: ownClientId }])('gives the real credential a token: %j', async (named) => {
    const credential = createCredential({ managedIdentity: true, ...named });
    const answer = await credential.getToken('https://vault.azure.net/.default');
    const { payload, protectedHeader } = await jwtVerify(
      answer?.token ?? '',
      createRemoteJWKSet(new URL(identity.jwksUri)),
      { issuer: identity.issuer, audience: 'https://vault.azure.net', subject: identity.subject },
    );
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toMatchObject({ tid: homeTenant.id, oid: identity.subject, idtyp: 'app' });
    expect(answer?.expiresOnTimestamp).toBe((payload.exp ?? 0) * 1_000);
  });

  it('answers as App Service does', async () => {
    const query = { resource: exchange, 'api-version': '2019-08-01' };
    const { status, body } = await ask(query, { 'X-IDENTITY-HEADER': identity.header });
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ey/),
      client_id: ownClientId.toUpperCase(),
      expires_on: expect.stringMatching(/^\d{10}$/),
      resource: exchange,
      token_type: 'Bearer',
    });
  });

  it.each([
    [{ resource: exchange }, 400, /api-version/],
    [{ 'api-version': '2019-08-01' }, 400, /resource/],
    [{ resource: 'https://other.example', 'api-version': '2019-08-01' }, 400, /AADSTS500011/],
    [
      { resource: exchange, 'api-version': '2019-08-01', client_id: 'other' },
      400,
      /No User Assigned or Delegated Managed Identity found/,
    ],
  ])('refuses %j', async (query, status, message) => {
    const answer = await ask(query, { 'X-IDENTITY-HEADER': identity.header });
    expect(answer).toEqual({
      status,
      body: {
        statusCode: status,
        message: expect.stringMatching(message),
        correlationId: expect.any(String),
      },
    });
  });

  it('refuses whoever does not know the header', async () => {
    const query = { resource: exchange, 'api-version': '2019-08-01' };
    for (const header of ['', 'guessed']) {
      const { status, body } = await ask(query, { 'X-IDENTITY-HEADER': header });
      expect(status).toBe(401);
      expect(body).not.toHaveProperty('access_token');
    }
  });

  it('keeps header and keys over a restart, for its owner only', async () => {
    const first = await startLocalIdentityEndpoint({ port: 0, dataDir: folder });
    const keys = await (await fetch(first.jwksUri)).json();
    await first.stop();
    const second = await startLocalIdentityEndpoint({ port: 0, dataDir: folder });
    expect(second.header).toBe(first.header);
    expect(await (await fetch(second.jwksUri)).json()).toEqual(keys);
    await second.stop();
    if (process.platform === 'win32') return;
    for (const file of ['identity-header.json', 'identity-keys.json']) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('proves the proxy to the local Entra, which has it as a federated credential', async () => {
    const entra = await startLocalEntra({
      port: 0,
      federatedCredentials: [{ clientId: apps.proxy.id, audience: exchange, ...identity }],
    });
    const credential = createCredential({ managedIdentity: true });
    const redeem = async (resource: string) => {
      const assertion = await credential.getToken(`${resource}/.default`);
      const response = await fetch(`${entra.authority}/${homeTenant.id}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: apps.proxy.id,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion?.token ?? '',
          scope: `${apps.api.api.identifierUri}/.default`,
        }),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    try {
      expect(await redeem(exchange)).toMatchObject({ access_token: expect.any(String) });
      expect(await redeem('https://vault.azure.net')).toMatchObject({
        error: 'invalid_client',
        error_description: expect.stringContaining('AADSTS700212'),
      });
    } finally {
      await entra.stop();
    }
  });
});
