import fc, { type Arbitrary } from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { errorCodes } from '../../src/errors.ts';
import { expectToHold } from '../support/fuzz.ts';
import { loopbackRedirect } from '../../dev/oauth-client/raw-oauth.ts';
import { anyIPv4 } from './addresses.ts';
import { anyText, base64urlText, checkPrototypes, headerText, jsonText, textOf } from './arbitraries.ts';
import { authorizationParameters } from './authorization-parameters.ts';
import { base, createOAuthApp, registerClient, type OAuthApp } from './oauth-app.ts';
import { anyUri, uriEnding } from './uris.ts';

let app: OAuthApp;
let clientId: string;
beforeAll(async () => {
  app = await createOAuthApp();
  clientId = await registerClient(app);
});

/** Stands for the id of the client that is registered, which is known only when the test runs. */
const ownId = '{client}';
const names = [
  ...authorizationParameters,
  'grant_type',
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'token_type_hint',
  'client_assertion',
  'client_assertion_type',
  'client_secret',
  'request',
  'request_uri',
  'claims',
  'error',
  'form',
  '__proto__',
];
const jwt = jsonText(['sub', 'iss', 'aud', 'alg'], ['"ES256"', '"x"']).map((text) => {
  const part = Buffer.from(text).toString('base64url');
  return `${part}.${part}.${part}`;
});
const anyValue = fc.oneof(
  fc.constantFrom(
    ownId,
    'code',
    'S256',
    'plain',
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'query',
    'form_post',
    'access_as_user',
    `${base}/mcp`,
    loopbackRedirect,
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    'https://127.0.0.1/client.json',
    '',
  ),
  anyText,
  anyUri,
  jwt,
  base64urlText({ minLength: 43, maxLength: 43 }),
);
type Parameters = readonly (readonly [string, string])[];
const others: Arbitrary<Parameters> = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...names), anyText), anyValue),
  {
    maxLength: 3,
  },
);

/** Parameters that are in order, some of them missing, and others with them. */
function near(good: Readonly<Record<string, string>>): Arbitrary<Parameters> {
  return fc
    .tuple(fc.subarray(Object.entries(good), { minLength: Object.keys(good).length - 1 }), others)
    .map(([kept, more]) => [...kept, ...more]);
}

const anyRedirect = fc.oneof(
  fc.constant(loopbackRedirect),
  anyUri,
  uriEnding.map((end) => loopbackRedirect + end),
);
const authorization = anyRedirect.chain((redirectUri) =>
  near({
    response_type: 'code',
    client_id: ownId,
    redirect_uri: redirectUri,
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
    state: 'state',
  }),
);
const tokenRequest = fc.oneof(
  near({
    grant_type: 'authorization_code',
    client_id: ownId,
    code: 'x'.repeat(43),
    code_verifier: 'v'.repeat(43),
    redirect_uri: loopbackRedirect,
  }),
  near({ grant_type: 'refresh_token', client_id: ownId, refresh_token: 'r'.repeat(43) }),
);
const revocation = near({ client_id: ownId, token: 't'.repeat(43) });

function toSearch(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(
    parameters.map(([name, value]): [string, string] => [name, value.replace(ownId, clientId)]),
  );
}

/** Sends it as if from this address, and throws where the answer is none that the documents know. */
async function send(path: string, init: RequestInit, address = '203.0.113.7'): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('X-Forwarded-For', address);
  const response = await app.send(path, { ...init, headers });
  checkPrototypes();
  const { status } = response;
  if (status >= 500 && status !== 503) throw new Error(String(status));
  if (!/^[\da-f-]{36}$/.test(response.headers.get('x-request-id') ?? '')) throw new Error('no request id');
  const isSoon = /^\d{1,3}$/.test(response.headers.get('retry-after') ?? '');
  if ((status === 429 || status === 503) !== isSoon) throw new Error(`Retry-After of ${status}`);
  if (app.failures.length > 0) throw new Error(app.failures.join('\n'));
  return response;
}

const formHeaders = { 'Content-Type': 'application/x-www-form-urlencoded' };
const oauthErrors = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'invalid_client_metadata',
  'invalid_redirect_uri',
  'temporarily_unavailable',
  'access_denied',
];

/** RFC 6749 section 5.2: an error of a known code, in JSON that nobody stores. */
async function isRefusal(response: Response): Promise<boolean> {
  const { error, code } = (await response.json()) as { error?: string; code?: string };
  const isKnown = oauthErrors.includes(error ?? '') || (errorCodes as readonly unknown[]).includes(code);
  return isKnown && response.headers.get('cache-control') === 'no-store';
}

describe('/auth/authorize', () => {
  it('sends nobody anywhere but to its own consent page or to the client’s redirect URI', () =>
    expectToHold(
      fc.asyncProperty(fc.oneof(authorization, others), anyIPv4, async (parameters, address) => {
        const response = await send(`/auth/authorize?${toSearch(parameters).toString()}`, {}, address);
        const location = response.headers.get('location');
        if (location === null) return response.status >= 400;
        const { origin, pathname, searchParams, port } = new URL(location, base);
        const isConsent = origin === base && pathname === '/auth/consent';
        const isClients =
          origin === `http://127.0.0.1:${port}` && pathname === '/callback' && searchParams.has('error');
        return isConsent || (isClients && searchParams.getAll('iss').join() === base);
      }),
      { cost: 50 },
    ));
});

describe('/auth/token', () => {
  it('gives a token for nothing that was not issued, and says why in the words of OAuth', () =>
    expectToHold(
      fc.asyncProperty(fc.oneof(tokenRequest, others), async (parameters) => {
        const response = await send('/auth/token', {
          method: 'POST',
          headers: formHeaders,
          body: toSearch(parameters).toString(),
        });
        return response.status >= 400 && (await isRefusal(response));
      }),
      { cost: 50 },
    ));

  it('takes no body that is not a form', () =>
    expectToHold(
      fc.asyncProperty(
        fc.oneof(anyText, textOf(['grant_type=', '&', '=', '%', 'code', '%00', '+'])),
        headerText,
        async (body, type) => {
          const response = await send('/auth/token', {
            method: 'POST',
            headers: { 'Content-Type': type },
            body,
          });
          return response.status >= 400 && (await isRefusal(response));
        },
      ),
      { cost: 20 },
    ));
});

describe('/auth/revoke', () => {
  it('answers 200 or an error in the words of OAuth', () =>
    expectToHold(
      fc.asyncProperty(fc.oneof(revocation, others), async (parameters) => {
        const response = await send('/auth/revoke', {
          method: 'POST',
          headers: formHeaders,
          body: toSearch(parameters).toString(),
        });
        return response.status === 200 || (await isRefusal(response));
      }),
      { cost: 50 },
    ));
});

describe('/auth/register', () => {
  const uris = ['["https://client.example/cb"]', '["http://localhost/cb"]', '["javascript:alert(1)"]'];
  const member = [
    'client_name',
    'grant_types',
    'response_types',
    'application_type',
    'redirect_uris',
    'client_id',
    'client_secret',
    'jwks',
    'contacts',
    'subject_type',
    'id_token_signed_response_alg',
  ];
  const extra = jsonText(member, [...uris, '"web"', '["code"]', '["authorization_code"]']);
  const metadata = fc.oneof(
    extra,
    fc
      .tuple(fc.constantFrom(...uris), fc.constantFrom(...member), extra)
      .map(([uri, name, value]) => `{"redirect_uris":${uri},"${name}":${value}}`),
    anyText,
  );

  it('registers a public client with the redirect URIs that were checked, or says why not', () =>
    expectToHold(
      fc.asyncProperty(metadata, anyIPv4, async (body, address) => {
        const headers = { 'Content-Type': 'application/json' };
        const response = await send('/auth/register', { method: 'POST', headers, body }, address);
        if (response.status !== 201) return isRefusal(response);
        const client = (await response.json()) as Record<string, unknown>;
        const isSafe = (client.redirect_uris as string[]).every((uri) => /^https?:\/\//.test(uri));
        return isSafe && client.token_endpoint_auth_method === 'none' && !('client_secret' in client);
      }),
      { cost: 50 },
    ));
});

describe('what a browser comes to', () => {
  const cookies = textOf(
    [
      '__Host-mcp-browser=',
      '__Host-mcp-login=',
      '__Host-mcp-login-start=',
      '__Host-mcp-sign-in-0123456789abcdef=',
      'a.b.c',
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoieCJ9.a.b.c',
      'a'.repeat(11),
      'b'.repeat(43),
      '.',
      '; ',
      '%',
    ],
    headerText,
  );

  it('is a page or a way on, and never a sign-in that was not begun here', () =>
    expectToHold(
      fc.asyncProperty(
        fc.constantFrom('/auth/callback', '/auth/login', '/auth/consent'),
        fc.oneof(near({ state: 's'.repeat(43), code: 'c' }), near({ request: 'r'.repeat(43) }), others),
        cookies,
        async (path, parameters, cookie) => {
          const response = await send(`${path}?${toSearch(parameters).toString()}`, {
            headers: { Cookie: cookie },
          });
          const location = response.headers.get('location');
          const isPage = (response.headers.get('content-type') ?? '').startsWith('text/html');
          return location === null
            ? isPage && response.status >= 400
            : location.startsWith(`${base}/auth/authorize?`);
        },
      ),
      { cost: 20 },
    ));

  it('signs nobody out without a form of this server', () =>
    expectToHold(
      fc.asyncProperty(fc.oneof(near({ form: 'a.b.c' }), others), cookies, async (parameters, cookie) => {
        const headers = { ...formHeaders, Cookie: cookie };
        const response = await send('/auth/logout', {
          method: 'POST',
          headers,
          body: toSearch(parameters).toString(),
        });
        return response.status === 403 && response.headers.getSetCookie().length === 0;
      }),
      { cost: 20 },
    ));
});
