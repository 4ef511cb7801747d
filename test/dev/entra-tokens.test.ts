import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { apps, tenants, users } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalEntra } from '../../dev/entra/server.ts';
import {
  apiDefault,
  apiScope,
  home,
  obtainCode,
  proxyCredentials,
  redemption,
  requestToken,
  smokeCredentials,
  verify,
} from './entra-client.ts';

let entra: LocalEntra;
beforeAll(async () => {
  entra = await startLocalEntra({ port: 0, accessTokenSeconds: 1800 });
});
afterAll(() => entra.stop());

const clientCredentials = { ...smokeCredentials, grant_type: 'client_credentials', scope: apiDefault };
const passwordGrant = {
  grant_type: 'password',
  client_id: apps.native.id,
  username: users.alice.username,
  password: users.alice.password,
  scope: apiScope,
};

describe('client credentials', () => {
  it('give an application with the role a v2 token that carries it', async () => {
    const { status, headers, body } = await requestToken(entra.authority, clientCredentials);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'ext_expires_in', 'token_type']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 1800, ext_expires_in: 1800 });

    const { payload, protectedHeader } = await verify(entra.authority, body.access_token);
    expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'RS256', kid: expect.any(String) });
    const servicePrincipal = apps.smoke.servicePrincipals[home];
    expect(payload).toEqual({
      aud: apps.api.id,
      iss: `${entra.authority}/${home}/v2.0`,
      iat: expect.any(Number),
      nbf: payload.iat,
      exp: expect.any(Number),
      azp: apps.smoke.id,
      azpacr: '1',
      idtyp: 'app',
      oid: servicePrincipal,
      rh: expect.any(String),
      roles: ['Mcp.Invoke'],
      sub: servicePrincipal,
      tid: home,
      uti: expect.any(String),
      ver: '2.0',
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(1800 + 300);
  });

  it('give an application without the role a token without roles', async () => {
    const form = { ...clientCredentials, client_id: apps.daemon.id, client_secret: apps.daemon.secret };
    const { body } = await requestToken(entra.authority, form);
    const { payload } = await verify(entra.authority, body.access_token);
    expect(payload).toMatchObject({ azp: apps.daemon.id, idtyp: 'app' });
    expect(payload).not.toHaveProperty('roles');
    expect(payload).not.toHaveProperty('scp');
  });

  it('accept the secret in the Basic scheme and the API by its GUID', async () => {
    const credentials = Buffer.from(`${apps.smoke.id}:${apps.smoke.secret}`).toString('base64');
    const { status, body } = await requestToken(
      entra.authority,
      { grant_type: 'client_credentials', scope: `${apps.api.id}/.default` },
      { headers: { authorization: `Basic ${credentials}` } },
    );
    expect(status).toBe(200);
    expect(decodeJwt(String(body.access_token)).aud).toBe(apps.api.id);
  });

  it('give a token of the tenant that was asked', async () => {
    const tenant = tenants.fabrikam.id;
    const { body } = await requestToken(entra.authority, clientCredentials, { tenant });
    const { payload } = await verify(entra.authority, body.access_token, tenant);
    expect(payload).toMatchObject({
      iss: `${entra.authority}/${tenant}/v2.0`,
      oid: apps.smoke.servicePrincipals[tenant],
      tid: tenant,
    });
  });

  it('give a v1 token for an API that is registered for v1', async () => {
    const { body } = await requestToken(entra.authority, {
      ...clientCredentials,
      scope: `${apps.apiV1.api.identifierUri}/.default`,
    });
    const { payload } = await verify(entra.authority, body.access_token);
    expect(payload).toMatchObject({
      aud: apps.apiV1.api.identifierUri,
      iss: `https://sts.windows.net/${home}/`,
      appid: apps.smoke.id,
      appidacr: '1',
      roles: ['Mcp.Invoke'],
      ver: '1.0',
    });
    expect(payload).not.toHaveProperty('azp');
  });
});

describe('the password grant', () => {
  it('gives the public native client a v2 token of the user', async () => {
    const { status, body } = await requestToken(entra.authority, passwordGrant);
    expect(status).toBe(200);
    expect(body).toMatchObject({ scope: apiScope, token_type: 'Bearer' });
    expect(body).not.toHaveProperty('refresh_token');
    expect(body).not.toHaveProperty('id_token');

    const { payload } = await verify(entra.authority, body.access_token);
    expect(payload).toMatchObject({
      aud: apps.api.id,
      iss: `${entra.authority}/${home}/v2.0`,
      azp: apps.native.id,
      azpacr: '0',
      name: users.alice.name,
      oid: users.alice.oid,
      preferred_username: users.alice.username,
      scp: 'access_as_user',
      tid: home,
      ver: '2.0',
    });
    expect(payload.sub).not.toBe(users.alice.oid);
    for (const absent of ['idtyp', 'roles', 'nonce', 'upn', 'appid'])
      expect(payload).not.toHaveProperty(absent);
  });

  it('gives a user with the app role a token with scopes and roles', async () => {
    const { username, password } = users.bob;
    const { body } = await requestToken(entra.authority, { ...passwordGrant, username, password });
    expect(decodeJwt(String(body.access_token))).toMatchObject({
      scp: 'access_as_user',
      roles: ['Mcp.Invoke'],
    });
  });

  it('gives a v1 token for an API that is registered for v1', async () => {
    const scope = `${apps.apiV1.api.identifierUri}/access_as_user`;
    const { body } = await requestToken(entra.authority, { ...passwordGrant, scope });
    const { payload } = await verify(entra.authority, body.access_token);
    expect(payload).toMatchObject({
      aud: apps.apiV1.api.identifierUri,
      iss: `https://sts.windows.net/${home}/`,
      appid: apps.native.id,
      appidacr: '0',
      oid: users.alice.oid,
      scp: 'access_as_user',
      upn: users.alice.username,
      unique_name: users.alice.username,
      ver: '1.0',
    });
    expect(payload).not.toHaveProperty('preferred_username');
  });

  it('takes the tenant from the account at the shared endpoints', async () => {
    const { username, password } = users.carol;
    const form = { ...passwordGrant, username, password };
    const { body } = await requestToken(entra.authority, form, { tenant: 'organizations' });
    expect(decodeJwt(String(body.access_token))).toMatchObject({
      iss: `${entra.authority}/${tenants.fabrikam.id}/v2.0`,
      tid: tenants.fabrikam.id,
    });
  });

  it('gives a token for Microsoft Graph that nobody else can verify', async () => {
    const { body } = await requestToken(entra.authority, { ...passwordGrant, scope: 'openid User.Read' });
    const token = String(body.access_token);
    expect(decodeProtectedHeader(token)).toMatchObject({
      alg: 'RS256',
      nonce: expect.any(String),
      typ: 'JWT',
    });
    expect(decodeJwt(token)).toMatchObject({ aud: apps.graph.id, scp: 'openid User.Read', ver: '1.0' });
    await expect(verify(entra.authority, token)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('grants all scopes of the API for .default, and refreshes', async () => {
    const scope = `openid offline_access ${apiDefault}`;
    const first = await requestToken(entra.authority, { ...passwordGrant, scope });
    expect(first.body).toMatchObject({ scope: apiScope, id_token: expect.any(String) });
    const second = await requestToken(entra.authority, {
      grant_type: 'refresh_token',
      client_id: apps.native.id,
      refresh_token: String(first.body.refresh_token),
      scope: apiScope,
    });
    expect(decodeJwt(String(second.body.access_token)).oid).toBe(users.alice.oid);
  });
});

describe('an authorization code', () => {
  it('gives an access token, an ID token and a refresh token', async () => {
    const code = await obtainCode(entra.authority, users.alice);
    const { status, body } = await requestToken(entra.authority, redemption(code));
    expect(status).toBe(200);
    expect(body).toMatchObject({ scope: apiScope, refresh_token: expect.any(String) });

    const access = await verify(entra.authority, body.access_token);
    expect(access.payload).toMatchObject({
      aud: apps.api.id,
      azp: apps.proxy.id,
      azpacr: '1',
      oid: users.alice.oid,
    });
    const id = await verify(entra.authority, body.id_token);
    expect(id.payload).toEqual({
      aud: apps.proxy.id,
      iss: `${entra.authority}/${home}/v2.0`,
      iat: expect.any(Number),
      nbf: expect.any(Number),
      exp: expect.any(Number),
      name: users.alice.name,
      nonce: 'the nonce',
      oid: users.alice.oid,
      preferred_username: users.alice.username,
      rh: expect.any(String),
      sub: expect.any(String),
      tid: home,
      uti: expect.any(String),
      ver: '2.0',
    });
    expect(id.payload.sub).not.toBe(access.payload.sub);
  });

  it('gives a refresh token that stays usable after it was used', async () => {
    const code = await obtainCode(entra.authority, users.bob);
    const first = await requestToken(entra.authority, redemption(code));
    const form = {
      ...proxyCredentials,
      grant_type: 'refresh_token',
      refresh_token: String(first.body.refresh_token),
      scope: `openid offline_access ${apiScope}`,
    };
    const second = await requestToken(entra.authority, form);
    const third = await requestToken(entra.authority, form);
    const fourth = await requestToken(entra.authority, {
      ...form,
      refresh_token: String(second.body.refresh_token),
    });
    expect([second.status, third.status, fourth.status]).toEqual([200, 200, 200]);
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
    expect(decodeJwt(String(fourth.body.access_token))).toMatchObject({
      oid: users.bob.oid,
      scp: 'access_as_user',
    });
    expect(decodeJwt(String(fourth.body.id_token))).not.toHaveProperty('nonce');
  });
});
