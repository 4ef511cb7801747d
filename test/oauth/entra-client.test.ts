import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalIdentityEndpoint, type LocalIdentityEndpoint } from '../../dev/identity-endpoint.ts';
import { apps, homeTenant, tenants, users } from '../../dev/entra/directory.ts';
import { createClientAssertion } from '../../src/azure/client-assertion.ts';
import { createCredential } from '../../src/azure/credential.ts';
import { apiScope, createBrowser, signIn } from '../dev/entra-client.ts';
import {
  beginSignIn,
  createTestClient,
  entraConfig,
  obtainTokens,
  publicBaseUrl,
  signInAt,
} from './upstream-client.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const scope = `${apiScope} openid profile offline_access`;
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';
const bothTenants = { tenantId: 'organizations', allowedTenants: [tenants.contoso.id, tenants.fabrikam.id] };
const alice = {
  tenantId: users.alice.tenantId,
  objectId: users.alice.oid,
  name: users.alice.name,
  username: users.alice.username,
  scopes: ['access_as_user'],
  roles: [],
};

const environment = { ...process.env };
let upstream: Upstream;
let identity: LocalIdentityEndpoint;

beforeAll(async () => {
  identity = await startLocalIdentityEndpoint({ port: 0 });
  const { issuer, subject, jwksUri } = identity;
  const audience = 'api://AzureADTokenExchange';
  upstream = await startUpstream({
    federatedCredentials: [{ clientId: apps.proxy.id, issuer, subject, audience, jwksUri }],
  });
});

afterEach(() => {
  upstream.tokenRequests.splice(0);
  process.env = { ...environment };
});

afterAll(async () => {
  await upstream.stop();
  await identity.stop();
});

function lastForm() {
  return Object.fromEntries(upstream.tokenRequests.at(-1)?.form ?? []);
}

describe('the way to Entra’s sign-in', () => {
  it('S7: carries state, nonce and a challenge of the proxy’s own, the full scope, and no resource', () => {
    const client = createTestClient(entraConfig(upstream.authority));
    const { expected, url } = beginSignIn(client);
    expect(url.origin + url.pathname).toBe(`${upstream.authority}/${homeTenant.id}/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: apps.proxy.id,
      redirect_uri: `${publicBaseUrl}/auth/callback`,
      response_type: 'code',
      response_mode: 'query',
      scope,
      state: expected.state,
      nonce: expected.nonce,
      code_challenge: createHash('sha256').update(expected.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
  });

  it('names every required scope in full', () => {
    const entra = entraConfig(upstream.authority, { requiredScopes: ['access_as_user', 'admin'] });
    const { url } = beginSignIn(createTestClient(entra));
    const uri = apps.api.api.identifierUri;
    expect(url.searchParams.get('scope')).toBe(
      `${uri}/access_as_user ${uri}/admin openid profile offline_access`,
    );
  });

  it('passes on prompt, login_hint and domain_hint, and the operator’s parameters before the client’s', () => {
    const client = createTestClient(entraConfig(upstream.authority), {
      oauth: { clientId: apps.proxy.id, extraAuthorizeParams: { domain_hint: 'contoso.com', msafed: '0' } },
    });
    const hints = { prompt: 'select_account', login_hint: 'bob@contoso.example', domain_hint: 'other.com' };
    const { searchParams } = beginSignIn(client, hints).url;
    expect(Object.fromEntries(searchParams)).toMatchObject({
      prompt: 'select_account',
      login_hint: 'bob@contoso.example',
      domain_hint: 'contoso.com',
      msafed: '0',
    });
  });

  it.each([
    ['login consent', 'login'],
    ['select_account consent', 'select_account'],
    ['consent', null],
    ['none', null],
    ['create', null],
  ])('sends of the prompt "%s" what Entra takes, which is one value: %s', (prompt, sent) => {
    const { url } = beginSignIn(createTestClient(entraConfig(upstream.authority)), { prompt });
    expect(url.searchParams.get('prompt')).toBe(sent);
  });

  it.each([
    ['the only accepted tenant', homeTenant.id, [homeTenant.id], homeTenant.id],
    ['the only accepted tenant, also of a shared one', 'common', [homeTenant.id], homeTenant.id],
    ['organizations for several', homeTenant.id, bothTenants.allowedTenants, 'organizations'],
    ['the shared name that is configured', 'common', bothTenants.allowedTenants, 'common'],
    [
      'common where personal accounts may sign in',
      'organizations',
      [homeTenant.id, personalTenant],
      'common',
    ],
  ])('leads to %s', (_what, tenantId, allowedTenants, segment) => {
    const client = createTestClient(entraConfig(upstream.authority, { tenantId, allowedTenants }));
    expect(beginSignIn(client).url.pathname).toBe(`/${segment}/oauth2/v2.0/authorize`);
  });
});

describe('redeeming and refreshing', () => {
  it('gives the account and a refresh token, by the proxy’s own verifier, and sends the scope each time', async () => {
    const client = createTestClient(entraConfig(upstream.authority));
    const { callback, expected } = await signInAt(client, users.alice);
    const tokens = await client.redeem(callback, expected);
    expect(tokens).toEqual({ account: alice, refreshToken: expect.any(String) });
    expect(lastForm()).toEqual({
      grant_type: 'authorization_code',
      client_id: apps.proxy.id,
      client_secret: apps.proxy.secret,
      redirect_uri: `${publicBaseUrl}/auth/callback`,
      code: callback.get('code'),
      code_verifier: expected.codeVerifier,
      scope,
    });

    const renewed = await client.refresh(tokens.refreshToken);
    expect(renewed).toEqual({ account: alice, refreshToken: expect.any(String) });
    expect(lastForm()).toEqual({
      grant_type: 'refresh_token',
      client_id: apps.proxy.id,
      client_secret: apps.proxy.secret,
      refresh_token: tokens.refreshToken,
      scope,
    });
    await expect(client.refresh(renewed.refreshToken)).resolves.toMatchObject({ account: alice });
  });

  it('brings the roles of a user along', async () => {
    const tokens = await obtainTokens(createTestClient(entraConfig(upstream.authority)), users.bob);
    expect(tokens.account).toMatchObject({ objectId: users.bob.oid, roles: ['Mcp.Invoke'] });
  });

  it('takes v1 access tokens beside v2 ID tokens', async () => {
    const audiences = [apps.apiV1.id, apps.apiV1.api.identifierUri];
    const client = createTestClient(entraConfig(upstream.authority, { audiences }));
    expect((await obtainTokens(client, users.alice)).account).toEqual(alice);
  });

  it('proves itself by a token of the managed identity where no secret is used', async () => {
    process.env.IDENTITY_ENDPOINT = identity.endpoint;
    process.env.IDENTITY_HEADER = identity.header;
    const { authority } = upstream;
    const clientAssertion = createClientAssertion(createCredential({ managedIdentity: true }), { authority });
    const client = createTestClient(entraConfig(authority), { credential: { clientAssertion } });
    const { refreshToken } = await obtainTokens(client, users.alice);
    await expect(client.refresh(refreshToken)).resolves.toMatchObject({ account: alice });
    expect(lastForm()).toEqual({
      grant_type: 'refresh_token',
      client_id: apps.proxy.id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: expect.any(String),
      refresh_token: refreshToken,
      scope,
    });
  });

  it('uses the secret before the newest while Entra does not know that one, and the code survives it', async () => {
    const credential = { clientSecret: () => Promise.resolve(['not-there-yet', apps.proxy.secret, 'older']) };
    const client = createTestClient(entraConfig(upstream.authority), { credential });
    expect((await obtainTokens(client, users.alice)).account).toEqual(alice);
    expect(upstream.tokenRequests.map(({ form }) => form.get('client_secret'))).toEqual([
      'not-there-yet',
      apps.proxy.secret,
    ]);
  });
});

describe('several tenants', () => {
  it('lets people of each in, with the issuer of their own tenant', async () => {
    const client = createTestClient(entraConfig(upstream.authority, bothTenants));
    const { account, refreshToken } = await obtainTokens(client, users.carol);
    expect(account).toMatchObject({ tenantId: tenants.fabrikam.id, objectId: users.carol.oid });
    expect((await obtainTokens(client, users.alice)).account).toEqual(alice);
    await expect(client.refresh(refreshToken)).resolves.toMatchObject({ account });
    expect(new Set(upstream.tokenRequests.map(({ tenant }) => tenant))).toEqual(new Set(['organizations']));
  });

  it('refuses people of a tenant that is not accepted', async () => {
    const allowedTenants = [homeTenant.id, personalTenant];
    const client = createTestClient(entraConfig(upstream.authority, { tenantId: 'common', allowedTenants }));
    expect((await obtainTokens(client, users.alice)).account).toEqual(alice);
    await expect(obtainTokens(client, users.carol)).rejects.toMatchObject({ code: 'wrong_tenant' });
  });

  it('stops people of another tenant at Entra where there is only one', async () => {
    const client = createTestClient(entraConfig(upstream.authority));
    const { target } = await signIn(createBrowser(), beginSignIn(client).url, users.carol);
    expect(target.origin).toBe(upstream.authority);
  });

  it('takes an iss in the callback only when it is the one of the person’s tenant', async () => {
    const client = createTestClient(entraConfig(upstream.authority, bothTenants));
    const named = async (iss: string) => {
      const { callback, expected } = await signInAt(client, users.alice);
      callback.set('iss', iss);
      return client.redeem(callback, expected);
    };
    const { authority } = upstream;
    expect((await named(`${authority}/${tenants.contoso.id}/v2.0`)).account).toEqual(alice);
    const refusal = { name: 'UpstreamRefusal', code: 'access_denied' };
    await expect(named(`${authority}/${tenants.fabrikam.id}/v2.0`)).rejects.toMatchObject(refusal);
    upstream.tokenRequests.splice(0);
    await expect(named('https://login.evil.example/v2.0')).rejects.toMatchObject(refusal);
    expect(upstream.tokenRequests).toEqual([]);
  });
});
