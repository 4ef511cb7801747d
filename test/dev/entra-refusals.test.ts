import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { apps, users } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalEntra } from '../../dev/entra/server.ts';
import {
  apiDefault,
  apiScope,
  obtainCode,
  proxyCredentials,
  redemption,
  refresh,
  renewal,
  requestToken,
  smokeCredentials,
} from './entra-client.ts';
import type { Parameters, TokenAnswer } from './entra-client.ts';

let entra: LocalEntra;
beforeAll(async () => {
  entra = await startLocalEntra({ port: 0 });
});
afterAll(() => entra.stop());
afterEach(() => {
  jest.restoreAllMocks();
});

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function expectRefusal(
  { status, body }: TokenAnswer,
  wanted: { status: number; error: string; code: number },
) {
  expect(body).toEqual({
    error: wanted.error,
    error_description: expect.stringMatching(
      new RegExp(`^AADSTS${wanted.code}: .+ Trace ID: \\S+ Correlation ID: \\S+ Timestamp: .+Z$`),
    ),
    error_codes: [wanted.code],
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
    trace_id: expect.stringMatching(uuid),
    correlation_id: expect.stringMatching(uuid),
    error_uri: `https://login.microsoftonline.com/error?code=${wanted.code}`,
  });
  expect(status).toBe(wanted.status);
}

const daemon: Parameters = { ...smokeCredentials, grant_type: 'client_credentials', scope: apiDefault };
const person: Parameters = {
  grant_type: 'password',
  client_id: apps.native.id,
  username: users.alice.username,
  password: users.alice.password,
  scope: apiScope,
};
const v1Scope = `${apps.apiV1.api.identifierUri}/access_as_user`;

function without(form: Parameters, ...names: string[]): Parameters {
  return Object.fromEntries(Object.entries(form).filter(([name]) => !names.includes(name)));
}

describe('the token endpoint refuses', () => {
  const refusals: readonly [string, Parameters, number, string, number][] = [
    ['a wrong secret', { ...daemon, client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    [
      'a confidential client without a secret',
      without(daemon, 'client_secret'),
      401,
      'invalid_client',
      7000218,
    ],
    ['a public client with a secret', { ...person, client_secret: 'any' }, 401, 'invalid_client', 700025],
    [
      'a public client that acts for itself',
      { ...daemon, client_id: apps.native.id, client_secret: '' },
      401,
      'invalid_client',
      700025,
    ],
    ['an unknown application', { ...daemon, client_id: users.bob.oid }, 400, 'unauthorized_client', 700016],
    ['a request without client_id', without(daemon, 'client_id'), 400, 'invalid_request', 900144],
    ['a request without grant_type', without(daemon, 'grant_type'), 400, 'invalid_request', 900144],
    ['an unknown grant type', { ...daemon, grant_type: 'telepathy' }, 400, 'unsupported_grant_type', 70003],
    [
      'a resource parameter that agrees with the scope',
      { ...daemon, resource: apps.api.api.identifierUri },
      400,
      'invalid_request',
      901002,
    ],
    [
      'a resource parameter that disagrees with the scope',
      { ...daemon, resource: 'https://mcp.example/mcp' },
      400,
      'invalid_target',
      9010010,
    ],
    [
      'several scopes with client credentials',
      { ...daemon, scope: `${apiDefault} openid` },
      400,
      'invalid_scope',
      70011,
    ],
    ['a named scope with client credentials', { ...daemon, scope: apiScope }, 400, 'invalid_scope', 1002012],
    [
      'a bare name with client credentials',
      { ...daemon, scope: 'access_as_user' },
      400,
      'invalid_scope',
      1002012,
    ],
    ['client credentials without a scope', without(daemon, 'scope'), 400, 'invalid_scope', 1002012],
    ['an unknown API', { ...daemon, scope: 'api://nobody/.default' }, 400, 'invalid_resource', 500011],
    [
      'an unknown API for a user',
      { ...person, scope: 'https://mcp.example/mcp/tools' },
      400,
      'invalid_resource',
      500011,
    ],
    [
      '.default together with a named scope',
      { ...person, scope: `${apiDefault} ${v1Scope}` },
      400,
      'invalid_scope',
      70011,
    ],
    ['offline_access alone', { ...person, scope: 'offline_access' }, 400, 'invalid_scope', 70011],
    [
      'a bare name, which belongs to Microsoft Graph',
      { ...person, scope: 'access_as_user' },
      400,
      'invalid_client',
      650053,
    ],
    [
      'a name that the API does not have',
      { ...person, scope: `${apps.api.id}/delete_all` },
      400,
      'invalid_client',
      650053,
    ],
    ['scopes of two APIs', { ...person, scope: `${apiScope} ${v1Scope}` }, 400, 'invalid_request', 28000],
    ['a wrong password', { ...person, password: 'wrong' }, 400, 'invalid_grant', 50126],
    ['an unknown user', { ...person, username: 'mallory@contoso.example' }, 400, 'invalid_grant', 50126],
    [
      'a user of another tenant',
      { ...person, username: users.carol.username, password: users.carol.password },
      400,
      'invalid_grant',
      50020,
    ],
    [
      'the password grant of another client',
      { ...person, ...proxyCredentials },
      400,
      'unsupported_grant_type',
      70003,
    ],
    ['a code that was never issued', redemption('made-up'), 400, 'invalid_grant', 70000],
    ['a code without a scope', without(redemption('made-up'), 'scope'), 400, 'invalid_request', 28003],
    [
      'a refresh token that was never issued',
      { ...proxyCredentials, grant_type: 'refresh_token', refresh_token: 'made-up', scope: apiScope },
      400,
      'invalid_grant',
      70000,
    ],
    [
      'a refresh without a scope',
      { ...proxyCredentials, grant_type: 'refresh_token', refresh_token: 'made-up' },
      400,
      'invalid_request',
      90009,
    ],
  ];

  it.each(refusals)('%s', async (_what, form, status, error, code) => {
    expectRefusal(await requestToken(entra.authority, form), { status, error, code });
  });

  it('an unknown tenant', async () => {
    const answer = await requestToken(entra.authority, daemon, { tenant: 'nowhere.example' });
    expectRefusal(answer, { status: 400, error: 'invalid_request', code: 90002 });
  });

  it('an application that the tenant does not know', async () => {
    const form = { ...daemon, client_id: apps.daemon.id, client_secret: apps.daemon.secret };
    const answer = await requestToken(entra.authority, form, { tenant: users.carol.tenantId });
    expectRefusal(answer, { status: 400, error: 'unauthorized_client', code: 700016 });
  });

  it('client credentials where the path names no tenant', async () => {
    const answer = await requestToken(entra.authority, daemon, { tenant: 'common' });
    expectRefusal(answer, { status: 400, error: 'invalid_request', code: 50059 });
  });

  it('a browser of another origin', async () => {
    const answer = await requestToken(entra.authority, daemon, {
      headers: { origin: 'https://app.example' },
    });
    expectRefusal(answer, { status: 400, error: 'invalid_request', code: 9002326 });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('a GET, a body in JSON and one that is too long', async () => {
    const url = `${entra.authority}/common/oauth2/v2.0/token`;
    const got = await fetch(url);
    expect([got.status, await got.json()]).toMatchObject([400, { error_codes: [900561] }]);
    const json = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(daemon),
    });
    expect([json.status, await json.json()]).toMatchObject([400, { error_codes: [9002313] }]);
    const long = await requestToken(entra.authority, { ...daemon, padding: 'x'.repeat(70_000) });
    expectRefusal(long, { status: 400, error: 'invalid_request', code: 9002313 });
  });
});

describe('an authorization code', () => {
  const redeem = async (changes: Parameters) => {
    const code = await obtainCode(entra.authority, users.alice);
    return requestToken(entra.authority, { ...redemption(code), ...changes });
  };

  it('is refused with another verifier', async () => {
    const answer = await redeem({ code_verifier: 'v'.repeat(43) });
    expectRefusal(answer, { status: 400, error: 'invalid_grant', code: 501481 });
  });

  it('is refused without the verifier', async () => {
    const answer = await redeem({ code_verifier: '' });
    expectRefusal(answer, { status: 400, error: 'invalid_grant', code: 501481 });
  });

  it('is refused with another redirect URI', async () => {
    const answer = await redeem({ redirect_uri: 'http://127.0.0.1:1/auth/callback' });
    expectRefusal(answer, { status: 400, error: 'invalid_grant', code: 500112 });
  });

  it('is refused at another tenant', async () => {
    const code = await obtainCode(entra.authority, users.alice, 'common');
    const answer = await requestToken(entra.authority, redemption(code), { tenant: users.carol.tenantId });
    expectRefusal(answer, { status: 400, error: 'invalid_grant', code: 700005 });
  });

  it('is refused the second time, and what it gave the first time stays valid', async () => {
    const code = await obtainCode(entra.authority, users.alice);
    const first = await requestToken(entra.authority, redemption(code));
    const second = await requestToken(entra.authority, redemption(code));
    expectRefusal(second, { status: 400, error: 'invalid_grant', code: 54005 });
    const refreshed = await refresh(entra.authority, first);
    expect(refreshed.status).toBe(200);
  });

  it('is refused after ten minutes', async () => {
    const code = await obtainCode(entra.authority, users.alice);
    const late = Date.now() + 10 * 60 * 1000 + 1000;
    jest.spyOn(Date, 'now').mockImplementation(() => late);
    const answer = await requestToken(entra.authority, redemption(code));
    expectRefusal(answer, { status: 400, error: 'invalid_grant', code: 70008 });
  });
});

describe('a refresh token', () => {
  const obtain = async (): Promise<Parameters> => {
    const code = await obtainCode(entra.authority, users.bob);
    return renewal(await requestToken(entra.authority, redemption(code)));
  };

  it('is refused after ninety days', async () => {
    const form = await obtain();
    const late = Date.now() + 90 * 24 * 60 * 60 * 1000 + 1000;
    jest.spyOn(Date, 'now').mockImplementation(() => late);
    expectRefusal(await requestToken(entra.authority, form), {
      status: 400,
      error: 'invalid_grant',
      code: 700082,
    });
  });

  it('is refused to another client', async () => {
    const form = without({ ...(await obtain()), client_id: apps.native.id }, 'client_secret');
    expectRefusal(await requestToken(entra.authority, form), {
      status: 400,
      error: 'invalid_grant',
      code: 70000,
    });
  });

  it('is refused while the account is disabled', async () => {
    const form = await obtain();
    const toggle = (enabled: boolean) =>
      fetch(`${entra.authority}/dev/users/${users.bob.username}`, {
        method: 'POST',
        body: JSON.stringify({ enabled }),
      });
    expect(await (await toggle(false)).json()).toEqual({ username: users.bob.username, enabled: false });
    expectRefusal(await requestToken(entra.authority, form), {
      status: 400,
      error: 'invalid_grant',
      code: 50057,
    });
    await toggle(true);
    expect((await requestToken(entra.authority, form)).status).toBe(200);
  });
});
