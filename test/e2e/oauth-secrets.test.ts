import { createPrivateKey, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, users } from '../../dev/entra/directory.ts';
import { makeKey } from '../../dev/key-vault/make-key.ts';
import { startLocalKeyVault, type LocalKeyVault } from '../../dev/key-vault/server.ts';
import { tableNames } from '../../src/azure/tables.ts';
import { startFaultyProxy, type FaultyProxy } from '../azure/faulty-proxy.ts';
import { clientFixtures, documentUrl } from '../oauth/clients/index.ts';
import { startClientDocuments, type DocumentServer } from '../oauth/clients/document-server.ts';
import type { Upstream } from '../oauth/upstream.ts';
import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { startHttpTap, type HttpTap } from '../support/http-tap.ts';
import { startCluster, type Cluster } from '../support/instances.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import {
  allow,
  createAuthorizationRequest,
  me,
  obtainTokens,
  post,
  passwordOf,
  readTokens,
  redeem,
  refresh,
  registerClient,
  revoke,
  signIn,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createSecretHunt, spell } from '../support/secret-hunt.ts';
import { reachTablesAt, sharedIdentity, sharedTablesUrl } from '../support/shared-services.ts';
import { dumpTables, openTableOf } from '../support/table-dump.ts';
import { startTrustingUpstream } from '../support/test-upstream.ts';

const hunt = createSecretHunt();
const pem = makeKey('session-signing-key');
const vaultSecrets = {
  'session-signing-key': pem,
  'cookie-key': makeKey('cookie-key'),
  'encryption-key': makeKey('encryption-key'),
  'entra-client-secret': apps.proxy.secret,
};

let documents: DocumentServer;
let upstream: Upstream;
let vault: LocalKeyVault;
let identity: HttpTap;
let storage: FaultyProxy;
let cluster: Cluster;
let collector: OtlpReceiver;

/** Everything that the server keeps to itself and the test knows. */
function addKnownSecrets(): void {
  for (const [name, value] of Object.entries(vaultSecrets)) hunt.add(`vault ${name}`, value);
  for (const line of pem.split('\n')) if (!line.startsWith('-----')) hunt.add('signing key, PEM', line);
  hunt.add('signing key, JWK', createPrivateKey(pem).export({ format: 'jwk' }).d);
  hunt.add('identity header', process.env.IDENTITY_HEADER);
  const [, accountKey] = /AccountKey=([^;]+)/.exec(process.env.TEST_TABLES_CONNECTION_STRING ?? '') ?? [];
  hunt.add('storage key', accountKey);
  for (const { password } of Object.values(users)) hunt.add('password', password);
}

/** Sees what passes between the server and the others. */
function listen(): void {
  cluster.balancer.onExchange = (exchange) => {
    hunt.readExchange(exchange);
  };
  upstream.fault = {
    rewrite(tokens) {
      for (const name of ['access_token', 'id_token', 'refresh_token']) {
        hunt.add(`${name} of Entra`, tokens[name] as string | undefined);
      }
      return tokens;
    },
  };
  identity.onAnswer = (body) => {
    hunt.add('token of the identity', (JSON.parse(body) as { access_token?: string }).access_token);
  };
}

beforeAll(async () => {
  addKnownSecrets();
  documents = await startClientDocuments(clientFixtures.filter(({ registers }) => registers === 'document'));
  upstream = await startTrustingUpstream();
  vault = await startLocalKeyVault({
    port: 0,
    identity: sharedIdentity(),
    authority: upstream.authority,
    seed: vaultSecrets,
  });
  const identityEndpoint = new URL(process.env.IDENTITY_ENDPOINT ?? '');
  identity = await startHttpTap(identityEndpoint.origin);
  storage = await startFaultyProxy(sharedTablesUrl());
  collector = await startOtlpReceiver();
  cluster = await startCluster(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ENTRA_AUTHORITY: upstream.authority,
      KEY_VAULT_URL: vault.url,
      IDENTITY_ENDPOINT: identity.origin + identityEndpoint.pathname,
      TABLES_CONNECTION_STRING: reachTablesAt(storage.tablesUrl),
      TEST_DOCUMENTS_PORT: String(documents.port),
    },
    [vault.certificate, documents.certificate],
  );
  listen();
});
afterAll(async () => {
  await cluster.stop();
  await Promise.all([upstream, vault, identity, storage, documents, collector].map((part) => part.stop()));
});

async function useTokens({ client, accessToken, refreshToken }: Awaited<ReturnType<typeof obtainTokens>>) {
  const { url } = cluster;
  const name = { name: 'get_user_profile', arguments: {} };
  expect((await createRawMcp(new URL('/mcp', url), accessToken).modern('tools/call', name)).status).toBe(200);
  expect((await me(url, accessToken)).status).toBe(200);
  const renewed = readTokens(await refresh(url, client, refreshToken));
  readTokens(await refresh(url, client, refreshToken));
  await cluster.advance(61_000);
  return readTokens(await refresh(url, client, renewed.refreshToken));
}

async function revokeAndMisuse(
  client: RawClient,
  { accessToken, refreshToken }: ReturnType<typeof readTokens>,
) {
  const { url } = cluster;
  expect((await me(url, refreshToken)).status).toBe(401);
  expect((await me(url, `${accessToken}x`)).status).toBe(401);
  for (const token of [accessToken, refreshToken]) await revoke(url, client, token);
  await cluster.advance(61_000);
  expect(await (await me(url, accessToken)).json()).toMatchObject({ code: 'revoked_token' });
  expect((await refresh(url, client, refreshToken)).status).toBe(400);
}

/** What a person or an attacker does wrong on the way. */
async function goWrong(client: RawClient): Promise<void> {
  const { url } = cluster;
  const browser = createHttpBrowser();
  const { url: request } = createAuthorizationRequest(url, client);
  const stop = client.redirectUri;
  await browser.submit(await browser.open(request), { decision: 'deny' }, { stop });
  const page = await browser.open(request);
  expect((await createHttpBrowser().submit(page, { decision: 'allow' })).status).toBe(403);
  const callback = `${url}/auth/callback`;
  const atEntra = await browser.submit(page, { decision: 'allow', remember: 'on' }, { stop: callback });
  const back = await browser.submit(atEntra, passwordOf('alice'), { stop: callback });
  expect((await createHttpBrowser().open(back.url)).status).toBe(403);
  expect((await browser.open(`${back.url.href}&error=access_denied`, { stop })).url.href).toContain(stop);
  expect((await browser.open(back.url)).status).toBe(400);
  await browser.open(`${request.href}&redirect_uri=https://elsewhere.example/cb`);
  await post(`${url}/auth/register`, { redirect_uris: ['javascript:alert(1)'] });
  const signedIn = await signIn(url, client, { browser });
  expect((await redeem(url, client, { ...signedIn, verifier: randomBytes(32).toString('hex') })).status).toBe(
    400,
  );
  readTokens(await redeem(url, client, signedIn));
  expect((await redeem(url, client, signedIn)).status).toBe(400);
}

/** What does not answer, one after the other, while somebody signs in and refreshes. */
async function breakThings(client: RawClient): Promise<void> {
  const { url } = cluster;
  const { refreshToken } = await obtainTokens(url, { client });
  const [rewrite, stop] = [upstream.fault, client.redirectUri];
  const browser = createHttpBrowser();
  const consent = await browser.open(createAuthorizationRequest(url, client).url);
  for (const fault of [
    { status: 503, body: 'out' },
    'cut-after' as const,
    // An Entra that repeats what it was sent.
    {
      status: 400,
      get body() {
        const said = String(upstream.tokenRequests.at(-1)?.form);
        return JSON.stringify({ error: 'invalid_grant', error_description: `AADSTS70000: ${said}` });
      },
    },
  ]) {
    upstream.fault = fault;
    const again = await browser.open(createAuthorizationRequest(url, client).url);
    expect((await allow(browser, again, client)).searchParams.get('error')).not.toBeNull();
  }
  upstream.fault = { status: 503, body: 'out' };
  await cluster.advance(61_000);
  expect((await refresh(url, client, refreshToken)).status).toBe(503);
  upstream.fault = rewrite;
  for (const fault of ['503', 'cut-before'] as const) {
    storage.fault = fault;
    expect((await refresh(url, client, refreshToken)).status).toBe(503);
    expect((await browser.submit(consent, { decision: 'allow' }, { stop })).status).toBe(503);
    storage.fault = 'none';
  }
  await cluster.advance(13 * 3_600_000);
  vault.outage(true);
  expect((await refresh(url, client, refreshToken)).status).toBe(503);
  vault.outage(false);
}

/** One who has not decided yet, and one who is at Entra. */
async function leaveHalfway(client: RawClient): Promise<void> {
  const { url } = createAuthorizationRequest(cluster.url, client);
  const browser = createHttpBrowser();
  await browser.open(url);
  await browser.submit(await browser.open(url), { decision: 'allow' }, { stop: upstream.authority });
}

async function signInOnThePage(): Promise<void> {
  const { url } = cluster;
  const browser = createHttpBrowser();
  const atEntra = await browser.open(`${url}/auth/login`);
  const page = await browser.submit(atEntra, passwordOf('bob'));
  expect(page.text).toContain(users.bob.name);
  expect((await browser.submit(page, {})).status).toBe(200);
}

/** What the instances have sent, once the latest request of each is in it. */
async function readSent(): Promise<string> {
  const latest = cluster.instances.map((instance) =>
    instance
      .output()
      .match(/"requestId":"[^"]+"/g)
      ?.at(-1),
  );
  for (let attempt = 1; ; attempt += 1) {
    const sent = collector.requests.map(({ body }) => body.toString());
    const isThere = latest.every((id = '') => sent.some((body) => body.includes(id.split('"')[3] ?? '')));
    if (isThere) return sent.join('\n');
    if (attempt > 100) throw new Error('nothing of the latest request was sent within 10 seconds');
    await wait(100);
  }
}

/** Every secret that is where it should not be. */
async function search() {
  const tables = await dumpTables(cluster.environment);
  const columns = Object.values(tables)
    .flat()
    .flatMap((row) => Object.entries(row));
  return {
    tables: hunt.findIn(columns.map(([name, value]) => `${name}=${String(value)}`).join('\n')),
    logs: hunt.findIn(cluster.instances.map((instance) => instance.output()).join('\n')),
    telemetry: hunt.findIn(await readSent()),
  };
}

describe('what the test has seen on the wire', () => {
  it('S15, S25: is in no table, in no log, on no console and in no telemetry after sign-ins of every kind and end', async () => {
    const { url } = cluster;
    const registered = await registerClient(url);
    const tokens = await obtainTokens(url, { client: registered });
    await revokeAndMisuse(registered, await useTokens({ ...tokens, client: registered }));
    const claudeCode = clientFixtures.find(({ name }) => name === 'Claude Code');
    if (claudeCode === undefined) throw new Error('no Claude Code');
    const documented = { clientId: documentUrl(claudeCode), redirectUri: 'http://localhost:50100/callback' };
    await useTokens({
      ...(await obtainTokens(url, { client: documented, user: 'bob' })),
      client: documented,
    });
    await goWrong(registered);
    await signInOnThePage();
    await leaveHalfway(registered);
    // So that nothing is looked for in empty tables.
    const rows = await dumpTables(cluster.environment);
    const empty = tableNames.filter((name) => name !== 'Notes' && rows[name].length === 0);
    expect(empty).toEqual([]);
    await breakThings(registered);

    expect(await search()).toEqual({ tables: [], logs: [], telemetry: [] });
  });

  it('holds every kind of secret that there is', () => {
    const kinds = new Set([...hunt.seen.values()]);
    const cookies = [...kinds].filter((where) => where.startsWith('cookie ')).map((where) => where.slice(7));
    expect(new Set(cookies.map((name) => name.replace(/[0-9a-f]{16}$/, '')))).toEqual(
      new Set(['mcp-browser', 'mcp-sign-in-', 'mcp-login-start', 'mcp-login']),
    );
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        'JWT in an answer',
        'access_token in an answer',
        'access_token of Entra',
        'code in a query',
        'code in a redirect',
        'code_verifier in a form',
        'form in a page',
        'id_token of Entra',
        'nonce in a redirect',
        'refresh_token in an answer',
        'refresh_token of Entra',
        'state in a query',
        'state in a redirect',
        'token of the identity',
        ...Object.keys(vaultSecrets).map((name) => `vault ${name}`),
      ]),
    );
    for (const name of ['client_assertion', 'refresh_token']) {
      const sent = upstream.tokenRequests.flatMap(({ form }) => form.getAll(name));
      expect([name, sent]).not.toEqual([name, []]);
      expect(sent.filter((value) => !hunt.seen.has(value))).toEqual([]);
    }
  });

  it('S25: names nobody in a log or a trace, though it tells of every failure', async () => {
    const logs = cluster.instances.map((instance) => instance.output()).join('\n');
    for (const told of [
      'entra_unavailable',
      'invalid_grant',
      'secrets_unavailable',
      'storage_unavailable',
      'wrong_browser',
    ]) {
      expect({ told, isThere: logs.includes(told) }).toEqual({ told, isThere: true });
    }
    const sent = await readSent();
    for (const { name, username } of Object.values(users)) {
      for (const text of [logs, sent]) {
        expect(text).not.toContain(name);
        expect(text).not.toContain(username);
      }
    }
  });

  it('S25: prints nothing beside its log, no warning of a library either', () => {
    for (const instance of cluster.instances) {
      const lines = instance.output().trimEnd().split('\n');
      expect(lines.filter((line) => !line.startsWith('{"level":'))).toEqual([]);
    }
  });

  it('would be found where it is in any form', async () => {
    const table = openTableOf(cluster.environment, 'Codes');
    const planted = 'pl+nted/secret of the test ÄÖ';
    hunt.add('planted', planted);
    expect((await search()).tables).toEqual([]);
    for (const [index, form] of [
      ...spell(planted),
      planted,
      Buffer.from(planted).toString('base64'),
      Buffer.from(JSON.stringify({ a: 'b', planted })).toString('base64'),
    ].entries()) {
      const row = { partitionKey: 'planted', rowKey: 'row', sealed: `some${form}where` };
      await table.upsertEntity(row, 'Replace');
      expect({ index, ...(await search()) }).toEqual({ index, tables: ['planted'], logs: [], telemetry: [] });
      expect(hunt.findIn(`{"level":"info","detail":"some${form}where"}`)).toEqual(['planted']);
    }
    await table.upsertEntity({ partitionKey: spell(planted)[3] ?? '', rowKey: 'row' });
    await table.deleteEntity('planted', 'row');
    expect((await search()).tables).toEqual(['planted']);
  });
});
