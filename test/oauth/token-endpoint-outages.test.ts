import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../support/faults.ts';
import { startObservedServer, type ObservedServer } from '../support/observed-server.ts';
import {
  me,
  obtainTokens,
  readTokens,
  redeem,
  refresh,
  registerClient,
  signIn,
  type RawClient,
  type TokenReply,
} from '../../dev/oauth-client/raw-oauth.ts';

let observed: ObservedServer;
let url: string;
let client: RawClient;

beforeAll(async () => {
  observed = await startObservedServer();
  ({ url } = observed.server);
  client = await registerClient(url);
  // So that its registration need not be prolonged in a test.
  await obtainTokens(url, { client });
});
afterEach(() => {
  observed.storage.faultOf = undefined;
});
afterAll(() => observed.stop());

/** The answer to a call whose questions to the storage fail: those of these numbers, the first being 1. */
async function callWith<T>(
  fault: Fault,
  isHit: (question: number) => boolean,
  call: () => Promise<T>,
): Promise<T> {
  let question = 0;
  observed.storage.faultOf = () => {
    question += 1;
    return isHit(question) ? fault : undefined;
  };
  try {
    return await call();
  } finally {
    observed.storage.faultOf = undefined;
  }
}

function expectOutage({ status, headers, body }: TokenReply): void {
  expect({ status, code: body.code }).toEqual({ status: 503, code: 'storage_unavailable' });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(body).not.toHaveProperty('access_token');
  expect(body).not.toHaveProperty('refresh_token');
}

async function expectUse({ accessToken, refreshToken }: ReturnType<typeof readTokens>): Promise<void> {
  expect((await me(url, accessToken)).status).toBe(200);
  readTokens(await refresh(url, client, refreshToken));
}

const refused = { status: 400, body: { error: 'invalid_grant' } };
/** Numbers of questions: see token-round-trips.test.ts. */
const ofRefresh = [1, 2, 3, 4, 5, 6, 7, 8];
const ofRedemption = [1, 2, 3, 4, 5, 6, 7];
const isWrite = (question: number) => question > 3;

describe('a storage that is out from one question on', () => {
  it.each(ofRefresh)('S16: question %i of a refresh, leaves the client its token', async (first) => {
    const { refreshToken } = await obtainTokens(url, { client });
    const ask = () => refresh(url, client, refreshToken);
    expectOutage(await callWith('503', (question) => question >= first, ask));
    const again = await ask();
    expect((await ask()).body).toEqual(again.body);
    await expectUse(readTokens(again));
  });

  it.each(ofRedemption)('S5: question %i of a redemption, gives the tokens once or never', async (first) => {
    const signedIn = await signIn(url, client);
    const ask = () => redeem(url, client, signedIn);
    const reply = await callWith('503', (question) => question >= first, ask);
    // The last one is housekeeping: the client gets what it has come for.
    if (first === 7) return expectUse(readTokens(reply));
    expectOutage(reply);
    // The fourth uses the code up.
    if (first <= 4) await expectUse(readTokens(await ask()));
    else expect(await ask()).toMatchObject(refused);
  });
});

describe('a storage whose answer is lost when it has done what it was asked', () => {
  it.each(ofRefresh.filter(isWrite))('S16: question %i of a refresh, is noticed by nobody', async (lost) => {
    const { refreshToken } = await obtainTokens(url, { client });
    const ask = () => refresh(url, client, refreshToken);
    const reply = await callWith('cut-after', (question) => question === lost, ask);
    expect((await ask()).body).toEqual(reply.body);
    await expectUse(readTokens(reply));
  });

  it.each(ofRedemption.filter(isWrite))(
    'S5: question %i of a redemption, lets no replay pass',
    async (lost) => {
      const signedIn = await signIn(url, client);
      const ask = () => redeem(url, client, signedIn);
      const reply = await callWith('cut-after', (question) => question === lost, ask);
      const renewed = readTokens(await refresh(url, client, readTokens(reply).refreshToken));
      expect(await ask()).toMatchObject(refused);
      expect(await refresh(url, client, renewed.refreshToken)).toMatchObject(refused);
    },
  );
});
