import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { keyNames, makeKey } from '../../dev/key-vault/make-key.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../../dev/key-vault/server.ts';
import {
  createHttpBrowser,
  readHiddenFields,
  type HttpBrowser,
  type Visit,
} from '../../dev/oauth-client/http-browser.ts';
import { startCluster, type Cluster, type Instance } from '../support/instances.ts';
import {
  allow,
  answerOf,
  answersOf,
  createAuthorizationRequest,
  me,
  obtainTokens,
  passwordOf,
  readTokens,
  redeem,
  refresh,
  registerClient,
  signIn,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { sharedIdentity } from '../support/shared-services.ts';
import { readShownToken, signInAtPage } from '../support/sign-in-steps.ts';

const minute = 60_000;

let vault: LocalKeyVault;
let cluster: Cluster;
let ahead: Instance;
let behind: Instance;

beforeAll(async () => {
  vault = await startLocalKeyVault({
    port: 0,
    identity: sharedIdentity(),
    authority: process.env.TEST_ENTRA_AUTHORITY ?? '',
  });
  cluster = await startCluster({ KEY_VAULT_URL: vault.url, TOKEN_EXPIRY_SECONDS: '1200' }, [
    vault.certificate,
  ]);
});
beforeEach(async () => {
  [ahead, behind] = await cluster.renew();
});
afterAll(async () => {
  await cluster.stop();
  await vault.stop();
});

function rotate(): void {
  for (const name of keyNames) vault.set(name, makeKey(name));
}

function both(): void {
  cluster.balancer.targets = [ahead.port, behind.port];
}

function only({ port }: Instance): void {
  cluster.balancer.targets = [port];
}

async function keyIds(): Promise<readonly string[]> {
  const response = await fetch(`${cluster.url}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

async function openConsent(browser: HttpBrowser, client: RawClient) {
  const request = createAuthorizationRequest(cluster.url, client);
  return { ...request, page: await browser.open(request.url) };
}

/** Names the key that signed the page's form. */
function formKeyOf({ text }: Visit): string {
  return (readHiddenFields(text).form ?? '').split('.')[1] ?? '';
}

async function finish(client: RawClient, callback: URL, verifier: string) {
  const code = callback.searchParams.get('code') ?? '';
  return readTokens(await redeem(cluster.url, client, { code, verifier }));
}

describe('S21: rotation of all keys', () => {
  it('S21: reaches both instances, and what was given out before counts on', async () => {
    const { client, accessToken, refreshToken } = await obtainTokens(cluster.url);
    const oldKey = decodeProtectedHeader(accessToken).kid;
    rotate();
    await cluster.advance(11 * minute);
    const renewed = readTokens(await refresh(cluster.url, client, refreshToken));
    const newKey = decodeProtectedHeader(renewed.accessToken).kid;
    expect(newKey).not.toBe(oldKey);
    const published = [await keyIds(), await keyIds()];
    for (const ids of published) expect(ids.slice(0, 2)).toEqual([newKey, oldKey]);
    expect(await answersOf(cluster.url, accessToken)).toEqual([200, 200]);
    expect(await answersOf(cluster.url, renewed.accessToken)).toEqual([200, 200]);
    // Twenty minutes is how long tokens live here.
    await cluster.advance(10 * minute);
    expect(await answersOf(cluster.url, accessToken)).toEqual(['expired_token', 'expired_token']);
    readTokens(await refresh(cluster.url, client, renewed.refreshToken));
  });

  it('S21: is not waited for: what one instance makes with the new keys counts on the other at once', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    const oldKey = (await keyIds())[0];
    const browser = createHttpBrowser();
    await cluster.advance(minute);
    rotate();
    only(ahead);
    await ahead.advance(11 * minute);
    const { page, verifier } = await openConsent(browser, client);
    const renewed = readTokens(await refresh(cluster.url, client, refreshToken));
    expect(decodeProtectedHeader(renewed.accessToken).kid).not.toBe(oldKey);
    only(behind);
    // It looked its keys up a minute ago, before the rotation, and would keep them for four more.
    expect((await me(cluster.url, renewed.accessToken)).status).toBe(200);
    const callback = await allow(browser, page, client);
    const tokens = await finish(client, callback, verifier);
    expect((await me(cluster.url, tokens.accessToken)).status).toBe(200);
    readTokens(await refresh(cluster.url, client, renewed.refreshToken));
  });

  it('S15, S21: loses nothing while an instance cannot learn of the new keys', async () => {
    const { client, refreshToken } = await obtainTokens(cluster.url);
    readTokens(await refresh(cluster.url, client, refreshToken));
    const current = readTokens(await refresh(cluster.url, client, refreshToken));
    await cluster.advance(minute);
    rotate();
    only(ahead);
    await ahead.advance(11 * minute);
    const renewed = readTokens(await refresh(cluster.url, client, current.refreshToken));
    only(behind);
    vault.outage(true);
    try {
      const call = await me(cluster.url, renewed.accessToken);
      const exchange = await refresh(cluster.url, client, renewed.refreshToken);
      expect(await call.json()).toMatchObject({ code: 'secrets_unavailable' });
      expect(exchange.body).toMatchObject({ code: 'secrets_unavailable' });
      for (const { status, headers } of [call, exchange]) {
        expect([status, headers.get('retry-after')]).toEqual([503, '5']);
      }
    } finally {
      vault.outage(false);
    }
    // As long as the answer said.
    await behind.advance(5_000);
    expect(await answerOf(cluster.url, renewed.accessToken)).toBe(200);
    readTokens(await refresh(cluster.url, client, renewed.refreshToken));
  });

  it('S19, S21: does not say that a sign-in has ended which an instance cannot read', async () => {
    only(behind);
    await signInAtPage(createHttpBrowser(), cluster.url);
    await cluster.advance(minute);
    vault.set('encryption-key', makeKey('encryption-key'));
    only(ahead);
    await ahead.advance(11 * minute);
    const browser = createHttpBrowser();
    const page = await signInAtPage(browser, cluster.url);
    only(behind);
    vault.outage(true);
    try {
      const refused = await browser.submit(page, {});
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    } finally {
      vault.outage(false);
    }
    await behind.advance(5_000);
    expect(await answerOf(cluster.url, readShownToken(page))).toBe(200);
    const landing = await browser.submit(page, {});
    expect([landing.status, landing.url.pathname]).toEqual([200, '/']);
    // To a minute after the sign-in, by the clock of the instance at which it was.
    await behind.advance(12 * minute);
    expect(await answerOf(cluster.url, readShownToken(page))).toBe('revoked_token');
  });

  it('S21: leaves a consent page that was open submittable, and the sign-in after it', async () => {
    const client = await registerClient(cluster.url);
    const browser = createHttpBrowser();
    const { page, verifier } = await openConsent(browser, client);
    rotate();
    await cluster.advance(11 * minute);
    const fresh = await openConsent(browser, client);
    expect(formKeyOf(fresh.page)).not.toBe(formKeyOf(page));
    const tokens = await finish(client, await allow(browser, page, client), verifier);
    expect(await answersOf(cluster.url, tokens.accessToken)).toEqual([200, 200]);
  });

  it('S21: leaves a person who is at Entra meanwhile their way back', async () => {
    const client = await registerClient(cluster.url);
    const browser = createHttpBrowser();
    const { page, verifier } = await openConsent(browser, client);
    const authority = String(cluster.environment.ENTRA_AUTHORITY);
    const atEntra = await browser.submit(page, { decision: 'allow' }, { stop: authority });
    rotate();
    // Old enough to be looked up anew, young enough for the sign-in: the look goes on behind the requests.
    await cluster.advance(9 * minute);
    const other = createHttpBrowser();
    for (const instance of [ahead, behind]) {
      only(instance);
      for (let look = 1; formKeyOf((await openConsent(other, client)).page) === formKeyOf(page); look += 1) {
        if (look === 100) throw new Error('the new key did not come');
        await delay(100);
      }
    }
    both();
    const stop = client.redirectUri;
    const back = await browser.submit(await browser.open(atEntra.url), passwordOf('alice'), { stop });
    const tokens = await finish(client, back.url, verifier);
    expect(await answersOf(cluster.url, tokens.accessToken)).toEqual([200, 200]);
  });

  it('S21: keeps consent that was remembered before', async () => {
    const client = await registerClient(cluster.url);
    const browser = createHttpBrowser();
    const { page } = await openConsent(browser, client);
    const atEntra = await browser.submit(page, { decision: 'allow', remember: 'on' });
    expect(atEntra.status).toBe(200);
    rotate();
    await cluster.advance(11 * minute);
    const again = await openConsent(browser, client);
    expect(again.page.url.origin).toBe(cluster.environment.ENTRA_AUTHORITY);
  });

  it('S21: goes on without the vault, with the keys that are known', async () => {
    const { client, accessToken, refreshToken } = await obtainTokens(cluster.url);
    // Each instance has used each of its keys.
    await signIn(cluster.url, client);
    await signIn(cluster.url, client);
    await refresh(cluster.url, client, refreshToken);
    vault.outage(true);
    try {
      await cluster.advance(11 * minute);
      expect(await answersOf(cluster.url, accessToken)).toEqual([200, 200]);
      const later = await obtainTokens(cluster.url, { client });
      expect(await answersOf(cluster.url, later.accessToken)).toEqual([200, 200]);
    } finally {
      vault.outage(false);
    }
  });
});
