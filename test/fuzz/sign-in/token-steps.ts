import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { readTokens, redeem, refresh, revoke, type TokenReply } from '../../../dev/oauth-client/raw-oauth.ts';
import type { Choice, Step } from './command.ts';
import { expectEnd, expectInvalidGrant, expectToActFor, expectUse } from './expectations.ts';
import { isCodeFresh, ownerOf, pick, pickOther, type Grant, type Model, type Real } from './model.ts';

/** A minute and a second: longer than a repeat is forgiven and than a confirmation counts. */
const putForwardMs = 61_000;
/** So that no request and no sign-in ends by its age in a run. */
const mostMinutes = 4;

function signedInOf({ grants }: Model): readonly Grant[] {
  return grants.filter(({ isRedeemed }) => isRedeemed);
}

function newestOf({ generations }: Grant) {
  const newest = generations.at(-1);
  if (newest === undefined) throw new Error('a grant without tokens');
  return newest;
}

async function receive(grant: Grant, reply: TokenReply, real: Real): Promise<void> {
  const tokens = readTokens(reply);
  expect(reply.headers.get('cache-control')).toBe('no-store');
  expect(reply.body).toMatchObject({ token_type: 'Bearer', scope: 'access_as_user' });
  grant.generations.push({ ...tokens, exchangedAt: undefined });
  real.count('tokens');
  real.count(`tokens for ${grant.person}`);
  await expectToActFor(grant, tokens.accessToken, real);
}

/** As the client that asked would do it; whoever changes that is somebody else. */
function present(
  grant: Grant,
  { cluster }: Real,
  changes: Readonly<Record<string, string>> = {},
): Promise<TokenReply> {
  const { code, asked } = grant;
  return redeem(cluster.url, ownerOf(grant), { code, verifier: asked.verifier }, changes);
}

export const redemption: Step<Grant> = {
  targets: ({ grants }) => grants.filter(({ isRedeemed }) => !isRedeemed),
  async run(grant, _choice, model, real) {
    const reply = await present(grant, real);
    if (isCodeFresh(grant, model)) {
      grant.isRedeemed = true;
      await receive(grant, reply, real);
    } else {
      expectInvalidGrant(reply);
      real.count('code too old');
    }
  },
};

/** What a thief who has the code does not have: the client's id, its verifier, the address that the code went to. */
function describeTheft(
  { asked }: Grant,
  { other, variant }: Choice,
  model: Model,
): readonly [name: string, changes: Readonly<Record<string, string>>] {
  const { client, redirectUri, verifier } = asked;
  const thief = pickOther(model.clients, client, other);
  const itself = { client_id: thief.clientId };
  const elsewhere = client.redirectUris.find((uri) => uri !== redirectUri) ?? '';
  const verifiers = [...model.asked.map((one) => one.verifier), randomBytes(32).toString('base64url')];
  if (variant < 2) return ['as another client', itself];
  if (variant < 4)
    return ['as another client at its address', { ...itself, redirect_uri: thief.redirectUris[0] }];
  if (variant < 6) return ['with a wrong verifier', { code_verifier: pickOther(verifiers, verifier, other) }];
  return ['for another address', { redirect_uri: elsewhere }];
}

/** Refused, and without effect: the code, or what it was redeemed for, stays good. */
export const stolenCode: Step<Grant> = {
  targets: ({ grants }) => grants,
  async run(grant, choice, model, real) {
    const [name, changes] = describeTheft(grant, choice, model);
    expectInvalidGrant(await present(grant, real, changes));
    real.count(`stolen code ${name}`);
  },
};

/** A code used again by who could use it ends what it was redeemed for (RFC 6749 section 4.1.2). */
export const replayedCode: Step<Grant> = {
  targets: signedInOf,
  async run(grant, _choice, model, real) {
    expectInvalidGrant(await present(grant, real));
    if (!isCodeFresh(grant, model)) return;
    if (grant.endedAt === undefined) real.count('ended by its code');
    await expectEnd(grant, model, real);
  },
};

/** Twice by its client and once by a thief, at once: one gets tokens. */
export const racedCode: Step<Grant> = {
  targets: (model) => model.grants.filter((grant) => !grant.isRedeemed && isCodeFresh(grant, model)),
  async run(grant, choice, model, real) {
    const [, theft] = describeTheft(grant, choice, model);
    const [stolen, first, second] = await Promise.all([
      present(grant, real, theft),
      present(grant, real),
      present(grant, real),
    ]);
    expectInvalidGrant(stolen);
    const [won, lost] = first.status === 200 ? [first, second] : [second, first];
    expectInvalidGrant(lost);
    grant.isRedeemed = true;
    const { refreshToken } = readTokens(won);
    // Whether the other came while the first was on its way, or after: then it was a replay.
    const next = await refresh(real.cluster.url, ownerOf(grant), refreshToken);
    if (next.status === 200) {
      await receive(grant, won, real);
      newestOf(grant).exchangedAt = model.minute;
      await receive(grant, next, real);
      return;
    }
    grant.generations.push({ ...readTokens(won), exchangedAt: undefined });
    await expectEnd(grant, model, real);
  },
};

export const renewal: Step<Grant> = {
  targets: signedInOf,
  async run(grant, _choice, model, real) {
    const newest = newestOf(grant);
    const reply = await refresh(real.cluster.url, ownerOf(grant), newest.refreshToken);
    if (grant.endedAt !== undefined) {
      expectInvalidGrant(reply);
      return;
    }
    newest.exchangedAt = model.minute;
    await receive(grant, reply, real);
    real.count('renewed');
  },
};

/** Once more what was just exchanged, as a client does whose answer was lost; else a theft, which ends it all. */
export const reusedRefreshToken: Step<Grant> = {
  targets: (model) => signedInOf(model).filter(({ generations }) => generations.length > 1),
  async run(grant, { variant }, model, real) {
    const { endedAt, generations } = grant;
    const former = variant < 4 ? pick(generations, 1) : pick(generations, generations.length - 1);
    const reply = await refresh(real.cluster.url, ownerOf(grant), former.refreshToken);
    const isPredecessor = former === generations.at(-2);
    if (endedAt === undefined && isPredecessor && former.exchangedAt === model.minute) {
      const { accessToken, refreshToken } = newestOf(grant);
      expect(readTokens(reply)).toEqual({ accessToken, refreshToken });
      real.count('repeat forgiven');
      return;
    }
    expectInvalidGrant(reply);
    if (endedAt === undefined) real.count(isPredecessor ? 'ended by a late repeat' : 'ended by an old token');
    await expectEnd(grant, model, real);
  },
};

export const stolenRefreshToken: Step<Grant> = {
  targets: signedInOf,
  async run(grant, { other, variant }, { clients }, { cluster }) {
    const thief = pickOther(clients, grant.asked.client, other);
    const { refreshToken } = pick(grant.generations, variant);
    expectInvalidGrant(await refresh(cluster.url, thief, refreshToken));
  },
};

/** By any token of it; anybody else's revocation is answered alike and does nothing (RFC 7009 section 2.2). */
function createRevocation(by: 'its client' | 'another client'): Step<Grant> {
  return {
    targets: signedInOf,
    async run(grant, { other, variant }, model, real) {
      const { client } = grant.asked;
      const { accessToken, refreshToken } = pick(grant.generations, other);
      const token = variant % 2 === 0 ? accessToken : refreshToken;
      const revoker = by === 'its client' ? client : pickOther(model.clients, client, other);
      const { status, body } = await revoke(real.cluster.url, revoker, token);
      expect({ status, body }).toEqual({ status: 200, body: {} });
      if (by === 'its client') await expectEnd(grant, model, real);
      else await expectUse(grant, model, real);
    },
  };
}

export const revocation = createRevocation('its client');
export const othersRevocation = createRevocation('another client');

export const use: Step<Grant> = {
  targets: signedInOf,
  run: (grant, _choice, model, real) => expectUse(grant, model, real),
};

async function putForward(model: Model, { cluster }: Real): Promise<void> {
  await cluster.advance(putForwardMs);
  model.minute += 1;
}

export const minute: Step<true> = {
  targets: (model) => {
    const changesSomething = signedInOf(model).some(({ endedAt }) => endedAt === undefined);
    return changesSomething && model.minute < mostMinutes ? [true] : [];
  },
  run: (_target, _choice, model, real) => putForward(model, real),
};

/** When nobody does anything any more: what has ended is known everywhere, and what has not counts. */
export async function expectAllToStand(model: Model, real: Real): Promise<void> {
  await putForward(model, real);
  for (const grant of signedInOf(model)) await expectUse(grant, model, real);
}

/** For those who come next: Entra's clock stays where it is, and what it issues lives for an hour. */
export async function putBack(model: Model, { cluster }: Real): Promise<void> {
  await cluster.advance(-model.minute * putForwardMs);
}
