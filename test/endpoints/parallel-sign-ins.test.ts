import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import type { Upstream } from '../oauth/upstream.ts';
import { createHttpBrowser, type HttpBrowser, type Visit } from '../../dev/oauth-client/http-browser.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  me,
  passwordOf,
  readTokens,
  redeem,
  registerClient,
  type RawClient,
  type UserName,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { pressAllow, signInAtEntra } from '../support/sign-in-steps.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';

let upstream: Upstream;
let server: TestServer;
let client: RawClient;
beforeAll(async () => {
  upstream = await startTrustingUpstream();
  server = await startProxyServer({ ENTRA_AUTHORITY: upstream.authority });
  client = await registerClient(server.url);
});
afterEach(() => {
  upstream.beforeToken = () => Promise.resolve();
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

/** A request of this client's, and its consent page, which anybody can be sent to. */
async function ask() {
  const { url, verifier } = createAuthorizationRequest(server.url, client);
  const browser = createHttpBrowser();
  const page = await browser.open(url);
  return { verifier, browser, page };
}

/** Through consent and Entra up to the callback, which is not visited yet. */
async function reachCallback(browser: HttpBrowser, consentPage: URL, user: UserName): Promise<URL> {
  const atEntra = await pressAllow(browser, await browser.open(consentPage));
  return signInAtEntra(browser, server.url, atEntra, passwordOf(user));
}

function visit(browser: HttpBrowser, callback: URL): Promise<Visit> {
  return browser.open(callback, { stop: client.redirectUri });
}

/** Lets nobody's sign-in go on at Entra before as many have come so far. */
function gather(count: number): void {
  const all = Promise.withResolvers<undefined>();
  let come = 0;
  upstream.beforeToken = () => {
    come += 1;
    if (come === count) all.resolve(undefined);
    return all.promise;
  };
}

function codeOf({ url }: Visit): string | null {
  return url.href.startsWith(client.redirectUri) ? url.searchParams.get('code') : null;
}

async function nameBearer(code: string, verifier: string): Promise<unknown> {
  const { accessToken } = readTokens(await redeem(server.url, client, { code, verifier }));
  return ((await (await me(server.url, accessToken)).json()) as { username: unknown }).username;
}

const rounds = [1, 2, 3, 4, 5, 6];

describe('two people on one request', () => {
  it.each(rounds)('S9, S5: get one code, and that for the account of who brings it (%i)', async (round) => {
    const { browser: mallory, page, verifier } = await ask();
    const victim = createHttpBrowser();
    const mine: URL[] = [];
    for (let count = 0; count < 3; count += 1) mine.push(await reachCallback(mallory, page.url, 'bob'));
    const theirs = await reachCallback(victim, page.url, 'alice');
    gather(4);
    const goVictim = () => visit(victim, theirs);
    const early = round % 2 === 0 ? goVictim() : undefined;
    const toMallory = await Promise.all(
      mine.map((callback) => visit(mallory, callback)).concat(early ?? goVictim()),
    );
    const toVictim = toMallory.pop();
    if (toVictim === undefined) throw new Error('nobody came');

    const codes = toMallory.map(codeOf).filter((code) => code !== null);
    const victims = codeOf(toVictim);
    expect(codes.length + (victims === null ? 0 : 1)).toBe(1);
    expect([...toMallory, toVictim].map(({ status }) => status).sort()).toEqual([303, 400, 400, 400]);
    for (const code of codes) expect(await nameBearer(code, verifier)).toBe(users.bob.username);
    if (victims !== null) expect(await nameBearer(victims, verifier)).toBe(users.alice.username);
  });

  it.each(rounds)('S9: cannot take what the other signed in for by denying meanwhile (%i)', async () => {
    const { browser: mallory, page, verifier } = await ask();
    const victim = createHttpBrowser();
    const callback = await reachCallback(victim, page.url, 'alice');
    const stop = client.redirectUri;
    const arrived = Promise.withResolvers<undefined>();
    upstream.beforeToken = () => {
      arrived.resolve(undefined);
      return Promise.resolve();
    };
    const coming = visit(victim, callback);
    await arrived.promise;
    const denials: Visit[] = [];
    // As long as it takes: the victim comes at some point between the steps of a denial.
    let isOver = false;
    const deny = async () => {
      while (!isOver && denials.length < 200) {
        denials.push(await mallory.submit(page, { decision: 'deny' }, { stop }));
      }
    };
    const denying = Promise.all([deny(), deny(), deny()]);
    const came = await coming;
    isOver = true;
    await denying;

    const answered = denials.filter(({ url }) => url.href.startsWith(stop));
    expect(denials.length).toBeGreaterThan(0);
    expect(answered.map(({ url }) => url.searchParams.get('code'))).toEqual(answered.map(() => null));
    expect(answered.map(({ url }) => url.searchParams.get('error'))).toEqual(
      answered.map(() => 'access_denied'),
    );
    const code = codeOf(came);
    expect(answered.length + (code === null ? 0 : 1)).toBe(1);
    if (code === null) expect(came.status).toBe(400);
    else expect(await nameBearer(code, verifier)).toBe(users.alice.username);
  });
});
