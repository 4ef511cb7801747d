import { expect } from '@jest/globals';
import { users } from '../../../dev/entra/directory.ts';
import type { Visit } from '../../../dev/oauth-client/http-browser.ts';
import { me, refresh, type TokenReply } from '../../../dev/oauth-client/raw-oauth.ts';
import { describeError, type ErrorCode } from '../../../src/errors.ts';
import { createRawMcp } from '../../support/raw-mcp.ts';
import { ownerOf, type Asked, type Grant, type Model, type Real } from './model.ts';

/** A page that says so, that leads nowhere and leaves nothing in the browser. */
export function expectRefusal({ status, headers, text }: Visit, code: ErrorCode): void {
  const { status: expected, message } = describeError(code);
  expect({ status, text }).toEqual({ status: expected, text: expect.stringContaining(message) });
  expect([headers.get('location'), headers.getSetCookie()]).toEqual([null, []]);
}

/** The client is told in its own words that it gets no code (RFC 6749 section 4.1.2.1, RFC 9207). */
export function expectDenial({ url }: Visit, { redirectUri, state }: Asked, issuer: string): void {
  expect(url.href.startsWith(redirectUri)).toBe(true);
  const { error_description: description, ...told } = Object.fromEntries(url.searchParams);
  expect(told).toEqual({ error: 'access_denied', state, iss: issuer });
  expect(description).not.toBe('');
}

/** RFC 6749 section 5.2: refused, with no token in the answer. */
export function expectInvalidGrant({ status, body, headers }: TokenReply): void {
  const tokens = Object.keys(body).filter((name) => name.endsWith('_token'));
  expect({ status, error: body.error, tokens }).toEqual({ status: 400, error: 'invalid_grant', tokens: [] });
  expect(headers.get('cache-control')).toBe('no-store');
}

function describePrincipal({ asked, person }: Grant) {
  const { tenantId, oid: objectId } = users[person];
  return { kind: 'user', tenantId, objectId, clientId: asked.client.clientId };
}

/** The invariant: this token acts for the person who consented, and is of the client that they consented to. */
export async function expectToActFor(grant: Grant, accessToken: string, { cluster }: Real): Promise<void> {
  const { clientId, ...person } = describePrincipal(grant);
  const call = await createRawMcp(new URL('/mcp', cluster.url), accessToken).modern('tools/call', {
    name: 'get_user_profile',
    arguments: {},
  });
  expect(await call.json()).toMatchObject({ result: { structuredContent: person } });
  expect(await (await me(cluster.url, accessToken)).json()).toMatchObject({ ...person, clientId });
}

/** Refused at the latest a minute after its end; an instance that does not know of that yet takes it for what it was. */
async function expectToHaveEnded(
  grant: Grant,
  accessToken: string,
  { minute }: Model,
  { cluster }: Real,
): Promise<void> {
  const answer = await me(cluster.url, accessToken);
  const body: unknown = await answer.json();
  if (answer.status === 200 && grant.endedAt === minute) {
    expect(body).toMatchObject(describePrincipal(grant));
  } else {
    expect(body).toMatchObject({ error: 'invalid_token', code: 'revoked_token' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  }
}

/** What has not ended counts, all of it. */
export async function expectUse(grant: Grant, model: Model, real: Real): Promise<void> {
  for (const { accessToken } of grant.generations) {
    if (grant.endedAt === undefined) await expectToActFor(grant, accessToken, real);
    else await expectToHaveEnded(grant, accessToken, model, real);
  }
}

/** The grant has ended: at once for its newest refresh token, whatever it was until now. */
export async function expectEnd(grant: Grant, model: Model, { cluster }: Real): Promise<void> {
  grant.endedAt ??= model.minute;
  const newest = grant.generations.at(-1);
  if (newest === undefined) return;
  expectInvalidGrant(await refresh(cluster.url, ownerOf(grant), newest.refreshToken));
}
