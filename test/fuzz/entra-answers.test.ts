import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { UpstreamRefusal, type EntraClient } from '../../src/oauth/entra-client.ts';
import { createTestClient, entraConfig } from '../oauth/upstream-client.ts';
import { startUpstream, type Upstream } from '../oauth/upstream.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, checkPrototypes, jsonText, textOf } from './arbitraries.ts';

let upstream: Upstream;
let client: EntraClient;
beforeAll(async () => {
  upstream = await startUpstream();
  client = createTestClient(entraConfig(upstream.authority));
});
afterAll(() => upstream.stop());

const expected = { state: 's'.repeat(43), nonce: 'n'.repeat(43), codeVerifier: 'v'.repeat(43) };
/** Stands for what no log may hold. */
const secret = 'Alice-Archer';

/** Why it was refused, in what the log is told; undefined where somebody was signed in. Any other error is thrown on. */
async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const isKnown =
      error instanceof UpstreamRefusal ||
      (error instanceof AppError && ['entra_unavailable', 'entra_refused_server'].includes(error.code));
    if (!isKnown) throw error;
    return error.detail ?? '';
  } finally {
    checkPrototypes();
  }
}

const names = [
  'state',
  'code',
  'error',
  'error_description',
  'iss',
  'session_state',
  'id_token',
  'response',
  'nonce',
];
const values = [
  expected.state,
  'the-code',
  'access_denied',
  'server_error',
  `AADSTS50173: ${secret}`,
  secret,
  '',
];
const parameters = fc.array(
  fc.tuple(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: anyText }),
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: anyText }),
  ),
  { maxLength: 6 },
);

describe('what a browser brings to the callback', () => {
  it('reaches Entra only as one code with the state of this sign-in, and the log only as codes', () =>
    expectToHold(
      fc.asyncProperty(parameters, async (brought) => {
        upstream.tokenRequests.splice(0);
        upstream.fault = { status: 400, body: '{"error":"invalid_grant"}' };
        const query = new URLSearchParams(brought);
        const detail = await failureOf(client.redeem(query, expected));
        const isClear =
          query.getAll('state').join('\n') === expected.state &&
          query.getAll('code').length === 1 &&
          !query.has('error');
        return (
          detail !== undefined && !detail.includes(secret) && (isClear || upstream.tokenRequests.length === 0)
        );
      }),
      { cost: 20 },
    ));
});

describe('what Entra’s token endpoint answers', () => {
  const members = [
    'error',
    'error_description',
    'access_token',
    'id_token',
    'token_type',
    'expires_in',
    'refresh_token',
    'scope',
  ];
  const body = fc.oneof(
    {
      weight: 4,
      arbitrary: jsonText(members, [
        '"invalid_grant"',
        '"Bearer"',
        '3600',
        `"AADSTS50173: ${secret}"`,
        '"a.b.c"',
      ]),
    },
    { weight: 1, arbitrary: fc.oneof(anyText, textOf(['<html>', secret, '{', '"error"', ':'])) },
  );
  const type = fc.constantFrom(
    'application/json',
    'application/json; charset=utf-8',
    'text/html',
    'application/jwt',
  );

  it('signs nobody in unless it holds tokens that verify, fails in known words, and tells the log codes only', () =>
    expectToHold(
      fc.asyncProperty(
        fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503),
        body,
        type,
        async (status, text, contentType) => {
          upstream.fault = { status, body: text, headers: { 'content-type': contentType } };
          const callback = new URLSearchParams({ state: expected.state, code: 'the-code' });
          const details = [
            await failureOf(client.redeem(callback, expected)),
            await failureOf(client.refresh('r'.repeat(43))),
          ];
          return details.every((detail) => detail !== undefined && !detail.includes(secret));
        },
      ),
      { cost: 20 },
    ));
});
