import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../../dev/identity-endpoint.ts';
import { createClientAssertion } from '../../src/azure/client-assertion.ts';
import { createCredential } from '../../src/azure/credential.ts';

const authority = 'https://login.microsoftonline.com';
const environment = { ...process.env };
let identity: LocalIdentityEndpoint;

beforeAll(async () => {
  identity = await startLocalIdentityEndpoint({ port: 0 });
});

afterEach(() => {
  process.env = { ...environment };
});

afterAll(() => identity.stop());

function usePlatform(): void {
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
}

describe('the client assertion', () => {
  it('is a token of the managed identity for the token exchange, kept by the credential', async () => {
    usePlatform();
    const getClientAssertion = createClientAssertion(createCredential({ managedIdentity: true }), {
      authority,
    });
    const assertion = await getClientAssertion();
    const { iss, sub, aud } = decodeJwt(assertion);
    expect({ iss, sub, aud }).toEqual({
      iss: identity.issuer,
      sub: identity.subject,
      aud: 'api://AzureADTokenExchange',
    });
    expect(await getClientAssertion()).toBe(assertion);
  });

  it.each([
    [authority, 'api://AzureADTokenExchange/.default'],
    ['https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov/.default'],
    ['https://login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina/.default'],
  ])('is for the exchange of the cloud of %s', async (host, scope) => {
    const asked: unknown[] = [];
    const credential = {
      getToken: (scopes: unknown) => {
        asked.push(scopes);
        return Promise.resolve({ token: 'issued', expiresOnTimestamp: 0 });
      },
    };
    expect(await createClientAssertion(credential, { authority: host })()).toBe('issued');
    expect(asked).toEqual([scope]);
  });

  it('is Entra’s outage when the platform gives none', async () => {
    usePlatform();
    const credential = createCredential({ managedIdentity: true });
    // The local endpoint knows the exchange of the public cloud alone.
    const china = { authority: 'https://login.partner.microsoftonline.cn' };
    await expect(createClientAssertion(credential, china)()).rejects.toMatchObject({
      code: 'entra_unavailable',
      detail: 'no token of the managed identity',
    });
    const none = { getToken: () => Promise.resolve(null) };
    await expect(createClientAssertion(none, { authority })()).rejects.toMatchObject({
      code: 'entra_unavailable',
    });
  });
});
