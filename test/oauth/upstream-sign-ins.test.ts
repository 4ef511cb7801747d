import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { createCookieSigner } from '../../src/oauth/cookie-signer.ts';
import { upstreamSignInSchema, type OAuthStores } from '../../src/oauth/stores.ts';
import { createUpstreamSignIns } from '../../src/oauth/upstream-sign-ins.ts';
import { createRotatingSecrets, randomVersion } from '../auth/rotating-secrets.ts';
import { refusalOf } from '../support/failure-of.ts';
import { createTestSealer } from '../azure/test-sealer.ts';
import { createTestEnvironment } from '../support/server.ts';
import { createTestCookies, type TestCookies } from './browser-cookies.ts';
import { createTestClient, entraConfig } from './upstream-client.ts';

const request = { id: 'request-1', hints: { login_hint: 'alice@contoso.example' } };
let clock = Date.parse('2026-01-02T12:00:00.000Z');
const now = () => clock;
const signer = createCookieSigner(createRotatingSecrets('cookie-key', randomVersion('a')));

let store: OAuthStores['signIns'];
beforeAll(async () => {
  const tables = createTables(loadConfig(createTestEnvironment()).tables);
  await tables.ensureTables();
  store = createRecordTable(tables, {
    name: 'SignIns',
    schema: upstreamSignInSchema,
    sealer: createTestSealer(),
    now,
  });
});

function create() {
  const entra = createTestClient(entraConfig('https://login.microsoftonline.com'));
  return createUpstreamSignIns({ store, signer, entra }, { now, randomBytes });
}

async function begin(cookies: TestCookies): Promise<URLSearchParams> {
  return (await create().begin(request, cookies)).searchParams;
}

describe('a sign-in on its way through Entra', () => {
  it('S7: has state, nonce and PKCE pair of its own, none of which the cookie has', async () => {
    const cookies = createTestCookies();
    const sent = await begin(cookies);
    const state = sent.get('state') ?? '';
    const claimed = await create().claim(state, cookies);
    expect(claimed.requestId).toBe('request-1');
    expect(sent.get('nonce')).toBe(claimed.nonce);
    expect(sent.get('code_challenge')).toBe(
      createHash('sha256').update(claimed.codeVerifier).digest('base64url'),
    );
    expect(sent.get('code_challenge_method')).toBe('S256');
    expect(sent.get('login_hint')).toBe('alice@contoso.example');
    for (const value of [state, claimed.nonce, claimed.codeVerifier]) expect(value).toMatch(/^[\w-]{43}$/);
    expect(cookies.values.size).toBe(0);
  });

  it('S10: names its cookie by a hash of the state, and a change of name or value is noticed', async () => {
    const cookies = createTestCookies();
    const state = (await begin(cookies)).get('state') ?? '';
    const [[name, value] = ['', '']] = [...cookies.values];
    expect(name).toBe(`mcp-sign-in-${createHash('sha256').update(state).digest('hex').slice(0, 16)}`);
    for (const forged of [
      new Map([[`${name}0`, value]]),
      new Map([[name, value.slice(0, -1)]]),
      new Map([[name, await signer.sign(`${clock}.secret`, 'sign-in')]]),
      new Map([[name, await signer.sign((await signer.verify(value, 'sign-in')) ?? '', 'browser')]]),
    ]) {
      const refusal = await refusalOf(create().claim(state, createTestCookies(forged)));
      expect(refusal.code).toBe('wrong_browser');
    }
    await create().claim(state, cookies);
  });

  it('S10: makes room for itself: five at most, the oldest and the forged go first', async () => {
    const cookies = createTestCookies(
      new Map([
        ['mcp-sign-in-planted', 'x'],
        ['mcp-browser', 'b'],
      ]),
    );
    const states: string[] = [];
    for (let round = 0; round < 7; round += 1) {
      clock += 1_000;
      states.push((await begin(cookies)).get('state') ?? '');
    }
    expect(cookies.list('mcp-sign-in-')).toHaveLength(5);
    expect(cookies.get('mcp-sign-in-planted')).toBeUndefined();
    expect(cookies.get('mcp-browser')).toBe('b');
    const [oldest = '', second = '', ...latest] = states;
    for (const state of [oldest, second]) {
      expect((await refusalOf(create().claim(state, cookies))).code).toBe('wrong_browser');
    }
    for (const state of latest) await create().claim(state, cookies);
  });

  it('S7: is claimed by one of many on many instances', async () => {
    const cookies = createTestCookies();
    const state = (await begin(cookies)).get('state') ?? '';
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, () => create().claim(state, createTestCookies(new Map(cookies.values)))),
    );
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await refusalOf(create().claim(state, cookies))).code).toBe('sign_in_expired');
  });

  it('S7: ends after ten minutes', async () => {
    const cookies = createTestCookies();
    const state = (await begin(cookies)).get('state') ?? '';
    clock += 10 * 60_000;
    expect((await refusalOf(create().claim(state, cookies))).code).toBe('sign_in_expired');
  });
});
