import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, users } from '../../dev/entra/directory.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { AppError } from '../../src/errors.ts';
import type { EntraClient } from '../../src/oauth/entra-client.ts';
import { describeCause } from '../../src/log.ts';
import { failureOf } from '../support/failure-of.ts';
import { userToken } from '../support/tokens.ts';
import {
  beginSignIn,
  createTestClient,
  entraConfig,
  obtainTokens,
  signInAt,
  type Expected,
} from './upstream-client.ts';
import type { Fault } from '../support/faults.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
let client: EntraClient;
/** Does not wait long, for faults that one could wait for. */
let impatient: EntraClient;

beforeAll(async () => {
  upstream = await startUpstream();
  const entra = entraConfig(upstream.authority);
  [client, impatient] = [createTestClient(entra), createTestClient(entra, { timeoutMs: 1_500 })];
});

afterEach(async () => {
  upstream.fault = 'none';
  upstream.tokenRequests.splice(0);
  await upstream.setEnabled(users.alice.username, true);
});

afterAll(() => upstream.stop());

function answer(status: number, body: unknown, headers?: Record<string, string>): Fault {
  return {
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(headers !== undefined && { headers }),
  };
}

function without(name: string): Fault {
  return {
    rewrite: (tokens) => Object.fromEntries(Object.entries(tokens).filter(([member]) => member !== name)),
  };
}

const described = 'AADSTS50173: Alice Archer alice@contoso.example must sign in again.';

describe('a redirect to the callback', () => {
  const expected: Expected = { state: 'the-state', nonce: 'the-nonce', codeVerifier: 'the-verifier' };
  const redeem = (parameters: Record<string, string>) =>
    failureOf(client.redeem(new URLSearchParams({ state: 'the-state', ...parameters }), expected));

  it.each([
    ['access_denied', 'AADSTS65004: Alice declined.', 'access_denied AADSTS65004'],
    ['consent_required', 'AADSTS65001: Alice has not consented.', 'consent_required AADSTS65001'],
    ['invalid_request', 'AADSTS90023: The prompt is not supported.', 'invalid_request AADSTS90023'],
    ['login_required', '', 'login_required'],
    ['Alice Archer\nforged=1', 'x', 'unknown_error'],
  ])('with the error %j refuses the sign-in and tells the log codes only', async (error, text, detail) => {
    const failure = await redeem({ error, error_description: text });
    expect(failure).toMatchObject({ name: 'UpstreamRefusal', code: 'access_denied', detail });
    expect(inspect(failure)).not.toContain('Alice');
    expect(upstream.tokenRequests).toEqual([]);
  });

  it.each([
    ['server_error', 'AADSTS90033: A transient error.', 'entra_unavailable'],
    ['temporarily_unavailable', 'AADSTS50196: Busy.', 'entra_unavailable'],
    ['unauthorized_client', 'AADSTS700016: No such application.', 'entra_refused_server'],
    ['invalid_client', 'AADSTS650053: No such scope.', 'entra_refused_server'],
    ['invalid_scope', 'AADSTS70011: The scope is not valid.', 'entra_refused_server'],
    ['invalid_request', 'AADSTS700051: Not enabled for the application.', 'entra_refused_server'],
  ])('with the error %s (%s) is %s', async (error, text, code) => {
    const failure = await redeem({ error, error_description: text });
    expect(failure).toMatchObject({ name: 'AppError', code });
    expect(failure).toMatchObject({ detail: `${error} ${text.split(':')[0] ?? ''}` });
  });

  it.each([
    ['another state', 'state=other&code=the-code'],
    ['no state', 'code=the-code'],
    ['two codes', 'state=the-state&code=the-code&code=other'],
    ['no code', 'state=the-state'],
    ['an empty code', 'state=the-state&code='],
    ['an ID token', 'state=the-state&code=the-code&id_token=x'],
    ['a JARM response', 'state=the-state&response=x'],
  ])('with %s is refused before Entra is asked', async (_what, query) => {
    const failure = await failureOf(client.redeem(new URLSearchParams(query), expected));
    expect(failure).toMatchObject({ name: 'UpstreamRefusal', code: 'access_denied' });
    expect(inspect(failure)).not.toContain('the-code');
    expect(upstream.tokenRequests).toEqual([]);
  });
});

describe('a code', () => {
  it('of another browser’s sign-in fails by the nonce of its ID token', async () => {
    const { callback, expected } = await signInAt(client, users.alice);
    const failure = await failureOf(client.redeem(callback, { ...expected, nonce: 'of-another' }));
    expect(failure).toMatchObject({ name: 'UpstreamRefusal', detail: 'id token mismatch' });
    expect(inspect(failure)).not.toContain('eyJ');
  });

  it('fails with another verifier, and a second time', async () => {
    const first = await signInAt(client, users.alice);
    const wrong = { ...first.expected, codeVerifier: beginSignIn(client).expected.codeVerifier };
    await expect(client.redeem(first.callback, wrong)).rejects.toMatchObject({
      name: 'UpstreamRefusal',
      code: 'access_denied',
      detail: 'invalid_grant AADSTS501481',
    });
    const second = await signInAt(client, users.alice);
    await client.redeem(second.callback, second.expected);
    await expect(client.redeem(second.callback, second.expected)).rejects.toMatchObject({
      name: 'UpstreamRefusal',
      detail: 'invalid_grant AADSTS54005',
    });
  });
});

describe('the end of an account', () => {
  it('refuses the refresh as invalid_grant', async () => {
    const { refreshToken } = await obtainTokens(client, users.alice);
    await upstream.setEnabled(users.alice.username, false);
    const failure = await failureOf(client.refresh(refreshToken));
    expect(failure).toMatchObject({
      name: 'UpstreamRefusal',
      code: 'invalid_grant',
      detail: 'invalid_grant AADSTS50057',
    });
    expect(inspect(failure)).not.toContain(refreshToken);
  });

  it.each([
    ['invalid_grant', described, 'invalid_grant AADSTS50173'],
    [
      'interaction_required',
      'AADSTS50076: Alice must use a second factor.',
      'interaction_required AADSTS50076',
    ],
    ['consent_required', '', 'consent_required'],
  ])('is also %s: %s', async (error, text, detail) => {
    upstream.fault = answer(400, { error, error_description: text });
    const failure = await failureOf(client.refresh('a-refresh-token'));
    expect(failure).toMatchObject({ name: 'UpstreamRefusal', code: 'invalid_grant', detail });
    expect(inspect(failure)).not.toMatch(/Alice|alice|a-refresh-token/);
  });
});

describe('an Entra that refuses this server', () => {
  it('does so when no secret is right', async () => {
    const credential = { clientSecret: () => Promise.resolve(['wrong-one', 'wrong-two']) };
    const other = createTestClient(entraConfig(upstream.authority), { credential });
    const failure = await failureOf(other.refresh('a-refresh-token'));
    expect(failure).toMatchObject({ code: 'entra_refused_server', detail: 'invalid_client AADSTS7000215' });
    expect(inspect(failure)).not.toContain('wrong-');
    expect(upstream.tokenRequests).toHaveLength(2);
  });

  it('does so when it does not know the application', async () => {
    const oauth = { clientId: '99999999-9999-4999-8999-999999999999', extraAuthorizeParams: {} };
    const other = createTestClient(entraConfig(upstream.authority), { oauth });
    await expect(other.refresh('x')).rejects.toMatchObject({
      code: 'entra_refused_server',
      detail: 'unauthorized_client AADSTS700016',
    });
  });

  it('does so when the scope or the resource is none of its own', async () => {
    const entra = entraConfig(upstream.authority, { requiredScopes: ['unheard_of'] });
    await expect(createTestClient(entra).refresh('x')).rejects.toMatchObject({
      code: 'entra_refused_server',
      detail: 'invalid_client AADSTS650053',
    });
  });

  it('is understood although the answer has a challenge (RFC 6749 section 5.2)', async () => {
    const body = { error: 'invalid_client', error_description: 'AADSTS7000222: The secret has expired.' };
    upstream.fault = answer(401, body, { 'www-authenticate': 'Basic realm="entra"' });
    await expect(client.refresh('x')).rejects.toMatchObject({
      code: 'entra_refused_server',
      detail: 'invalid_client AADSTS7000222',
    });
  });

  it('is not asked when there is no secret, or none can be read', async () => {
    const refreshWith = (clientSecret: () => Promise<string[]>) =>
      createTestClient(entraConfig(upstream.authority), { credential: { clientSecret } }).refresh('x');
    await expect(refreshWith(() => Promise.resolve([]))).rejects.toMatchObject({ code: 'secret_missing' });
    const outage = new AppError('secrets_unavailable');
    await expect(refreshWith(() => Promise.reject(outage))).rejects.toBe(outage);
    expect(upstream.tokenRequests).toEqual([]);
  });
});

describe('an Entra that does not answer', () => {
  const secret = 'eyJhbGciOiJub25lIn0.secret-payload.x';

  it.each<[string, Fault]>([
    ['is silent', 'silence'],
    ['hangs up', 'cut-before'],
    ['hangs up after it acted', 'cut-after'],
    ['says 429', answer(429, { error: 'invalid_request', error_description: 'AADSTS90055: Throttled.' })],
    ['says 503 with nothing', answer(503, '')],
    ['says 500 with an OAuth error', answer(500, { error: 'invalid_grant', error_description: described })],
    ['says a transient error with 400', answer(400, { error: 'temporarily_unavailable' })],
    ['says 400 with a page', answer(400, `<p>${secret}</p>`, { 'content-type': 'text/html' })],
    ['says 200 with no JSON', answer(200, `{"access_token":"${secret}`)],
    ['says 200 with a list', answer(200, [secret])],
    ['says 200 without a token', answer(200, { refresh_token: secret, token_type: 'Bearer' })],
    ['redirects', answer(302, '', { location: 'https://elsewhere.example/' })],
  ])('because it %s is unavailable, and nothing of its answer is told', async (_what, fault) => {
    const { refreshToken } = await obtainTokens(client, users.alice);
    upstream.fault = fault;
    const failure = await failureOf(impatient.refresh(refreshToken));
    expect(failure).toMatchObject({ name: 'AppError', code: 'entra_unavailable' });
    expect(inspect(failure, { depth: 10 }) + describeCause(failure)).not.toMatch(/secret-payload|Alice|eyJ/);
    upstream.fault = 'none';
    await expect(client.refresh(refreshToken)).resolves.toMatchObject({
      account: { tenantId: users.alice.tenantId },
    });
  });

  it('is also one whose signing keys cannot be had', async () => {
    const verify = () => Promise.reject(new AppError('signing_keys_unavailable'));
    const other = createTestClient(entraConfig(upstream.authority), { verify });
    await expect(obtainTokens(other, users.alice)).rejects.toMatchObject({ code: 'entra_unavailable' });
  });

  it('is one that cannot be reached', async () => {
    const other = createTestClient(entraConfig('http://127.0.0.1:9'));
    await expect(other.refresh('x')).rejects.toMatchObject({ code: 'entra_unavailable' });
  });

  it('is also one that is not reached over TLS', async () => {
    const other = createTestClient(entraConfig('http://entra.example'));
    await expect(other.refresh('x')).rejects.toMatchObject({
      code: 'entra_unavailable',
      detail: 'OAUTH_HTTP_REQUEST_FORBIDDEN',
    });
  });
});

describe('what Entra gives', () => {
  it('is refused as the verification says: a scope that is missing', async () => {
    const entra = entraConfig(upstream.authority);
    const verify = () => Promise.reject(new AppError('missing_scope'));
    await expect(obtainTokens(createTestClient(entra, { verify }), users.alice)).rejects.toMatchObject({
      code: 'missing_scope',
    });
  });

  it('must hold a refresh token at sign-in; later the one before may stay in use', async () => {
    const { refreshToken } = await obtainTokens(client, users.alice);
    upstream.fault = without('refresh_token');
    await expect(obtainTokens(client, users.alice)).rejects.toMatchObject({
      code: 'entra_refused_server',
      detail: 'no refresh token was given',
    });
    await expect(client.refresh(refreshToken)).resolves.toMatchObject({ refreshToken });
  });

  it('must hold an ID token, of the same person as the access token', async () => {
    upstream.fault = without('id_token');
    await expect(obtainTokens(client, users.alice)).rejects.toMatchObject({ code: 'entra_unavailable' });
    const foreign = await userToken('bob');
    upstream.fault = { rewrite: (tokens) => ({ ...tokens, access_token: foreign }) };
    await expect(obtainTokens(client, users.alice)).rejects.toMatchObject({
      code: 'entra_unavailable',
      cause: { code: 'unknown_signing_key' },
    });
    const bob = { kind: 'user', tenantId: users.bob.tenantId, objectId: users.bob.oid } as Principal;
    const verify = () => Promise.resolve({ ...bob, scopes: [], roles: [] });
    const other = createTestClient(entraConfig(upstream.authority), { verify });
    await expect(obtainTokens(other, users.alice)).rejects.toMatchObject({
      name: 'UpstreamRefusal',
      detail: 'id token of another account',
    });
  });

  it('is verified for this API alone', async () => {
    const entra = entraConfig(upstream.authority);
    const other = createTestClient({ ...entra, audiences: [apps.api.api.identifierUri] });
    await expect(obtainTokens(other, users.alice)).rejects.toMatchObject({ code: 'wrong_audience' });
  });
});
