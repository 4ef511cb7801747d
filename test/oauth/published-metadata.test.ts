import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.ts';
import { createLimitTable } from '../../src/azure/limit-table.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import {
  createAuthorizationRequest,
  post,
  readTokens,
  redeem,
  refresh,
  registerClient,
  signIn,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { lastError } from '../support/sign-in-steps.ts';
import { createClientKey, type ClientKey } from './clients/client-key.ts';
import { startDocumentServer, type DocumentServer } from './clients/document-server.ts';

const redirectUri = 'http://127.0.0.1:33418/callback';
const keySetPath = '/keys.json';

let clientKey: ClientKey;
let documents: DocumentServer;
let server: TestServer;
let advanceMs = 0;
/** Paths that are answered 500. */
const failing = new Set<string>();
beforeAll(async () => {
  clientKey = await createClientKey();
  documents = await startDocumentServer(['client.example'], ({ url: path = '' }, response) => {
    if (failing.has(path)) return void response.writeHead(500).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    if (path === keySetPath) return void response.end(JSON.stringify(clientKey.keySet));
    const proves = path.startsWith('/proves/');
    response.end(
      JSON.stringify({
        client_id: `https://client.example${path}`,
        redirect_uris: ['http://127.0.0.1/callback'],
        ...(proves && {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: `https://client.example${keySetPath}`,
        }),
      }),
    );
  });
  server = await startProxyServer({}, { network: documents, now: () => Date.now() + advanceMs });
});
afterEach(() => {
  failing.clear();
  advanceMs = 0;
});
afterAll(async () => {
  await server.stop();
  await documents.stop();
});

function clientAt(path: string): RawClient {
  return { clientId: `https://client.example${path}`, redirectUri };
}

function authorizeFrom(address: string, client: RawClient): Promise<Response> {
  const { url } = createAuthorizationRequest(server.url, client);
  return fetch(url, { redirect: 'manual', headers: { 'X-Forwarded-For': address } });
}

function fetchesOf(path: string): number {
  return documents.requests.filter(({ url }) => url === path).length;
}

/** Uses up what an address may have of a kind, but for so many. */
async function useUp(kind: 'document' | 'authorization', address: string, most: number): Promise<void> {
  const limits = createLimitTable(createTables(loadConfig(server.environment).tables), {
    now: () => Date.now() + advanceMs,
  });
  for (let count = 0; count < most; count += 1) await limits.admit(kind, address);
}

/** What another instance of the server says, which has fetched nothing yet. */
function askAnother(request: Request): Promise<Response> {
  const { routes } = createApp(server.environment, {
    sink: (_level, line) => void server.lines.push(JSON.parse(line) as Record<string, unknown>),
    network: documents,
  });
  const route = routes.find(({ path }) => path === new URL(request.url).pathname);
  if (route === undefined) throw new Error(`no route for ${request.url}`);
  return route.handle(request);
}

function expectLimited(response: Response): void {
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(500);
  expect(response.headers.get('ratelimit')).toMatch(/^"(document|authorization)";r=0;t=\d+$/);
  expect(response.headers.get('location')).toBeNull();
  expect(lastError(server.lines)).toBe('rate_limited');
}

describe('an address that asks too often', () => {
  it('S22, S23: has no more documents fetched for it, and others do', async () => {
    const address = '203.0.113.21';
    await useUp('document', address, 59);
    expect((await authorizeFrom(address, clientAt('/limits/1'))).status).toBe(303);
    expectLimited(await authorizeFrom(address, clientAt('/limits/2')));
    expect(fetchesOf('/limits/2')).toBe(0);
    // What is known already costs nothing.
    expect((await authorizeFrom(address, clientAt('/limits/1'))).status).toBe(303);
    expect((await authorizeFrom('203.0.113.22', clientAt('/limits/2'))).status).toBe(303);
  });

  it('S22, S23: nor on the consent page, where the fetch counts against who opens it', async () => {
    const asked = await authorizeFrom('203.0.113.31', clientAt('/consent/1'));
    const page = new URL(asked.headers.get('location') ?? '', server.url);
    const openFrom = (address: string) =>
      askAnother(new Request(page, { headers: { 'X-Forwarded-For': address } }));
    await useUp('document', '203.0.113.32', 60);
    expectLimited(await openFrom('203.0.113.32'));
    expect(fetchesOf('/consent/1')).toBe(1);
    expect((await openFrom('203.0.113.33')).status).toBe(200);
    expect(fetchesOf('/consent/1')).toBe(2);
  });

  it('S23: gets no more sign-ins begun, and others do', async () => {
    const client = await registerClient(server.url);
    await useUp('authorization', '203.0.113.41', 299);
    expect((await authorizeFrom('203.0.113.41', client)).status).toBe(303);
    expectLimited(await authorizeFrom('203.0.113.41', client));
    expect((await authorizeFrom('203.0.113.42', client)).status).toBe(303);
  });
});

function prove({ clientId }: RawClient): Promise<Record<string, string>> {
  return clientKey.prove(clientId, server.url);
}

async function signInProving(client: RawClient) {
  const signedIn = await signIn(server.url, client);
  return readTokens(await redeem(server.url, client, signedIn, await prove(client)));
}

async function refreshFrom(address: string, { clientId }: RawClient, refreshToken: string) {
  const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
  const form = new URLSearchParams({ ...fields, ...(await prove({ clientId, redirectUri })) });
  return post(`${server.url}/auth/token`, form, { 'X-Forwarded-For': address });
}

describe('a key set that a document refers to', () => {
  it('S22: is fetched once a minute, however often its client proves itself', async () => {
    const client = clientAt('/proves/often');
    const before = fetchesOf(keySetPath);
    let { refreshToken } = await signInProving(client);
    for (let count = 0; count < 5; count += 1) {
      ({ refreshToken } = readTokens(await refresh(server.url, client, refreshToken, await prove(client))));
    }
    expect(fetchesOf(keySetPath)).toBe(before + 1);
    advanceMs = 60_001;
    readTokens(await refresh(server.url, client, refreshToken, await prove(client)));
    expect(fetchesOf(keySetPath)).toBe(before + 2);
  });

  it('S22, S23: counts against the address that has it fetched', async () => {
    const client = clientAt('/proves/limited');
    const { refreshToken } = await signInProving(client);
    advanceMs = 120_000;
    await useUp('document', '203.0.113.51', 60);
    const refused = await refreshFrom('203.0.113.51', client, refreshToken);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    expect(refused.body).toMatchObject({ code: 'rate_limited' });
    expect((await refreshFrom('203.0.113.52', client, refreshToken)).status).toBe(200);
  });

  it('S22: that cannot be had now is a failure to try again after, not an unknown client', async () => {
    const client = clientAt('/proves/outage');
    const { refreshToken } = await signInProving(client);
    advanceMs = 180_001;
    failing.add(keySetPath);
    const outage = await refreshFrom('203.0.113.61', client, refreshToken);
    expect(outage.status).toBe(503);
    expect(outage.body).toMatchObject({ code: 'client_metadata_unavailable' });
    expect(outage.body.error).not.toBe('invalid_client');
    expect(Number(outage.headers.get('retry-after'))).toBeGreaterThan(0);
    failing.clear();
    // Nothing was used up, and the failure is not kept.
    expect((await refreshFrom('203.0.113.61', client, refreshToken)).status).toBe(200);
  });
});

describe('a document', () => {
  it('S22: that cannot be had at the token endpoint is 503, not an unknown client', async () => {
    const client = clientAt('/documents/outage');
    const signedIn = await signIn(server.url, client);
    failing.add('/documents/outage');
    const redeemAtAnother = () =>
      askAnother(
        new Request(`${server.url}/auth/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'authorization_code',
            client_id: client.clientId,
            redirect_uri: redirectUri,
            code: signedIn.code,
            code_verifier: signedIn.verifier,
          }),
        }),
      );
    const outage = await redeemAtAnother();
    expect(outage.status).toBe(503);
    expect(await outage.json()).toMatchObject({ code: 'client_metadata_unavailable' });
    expect(Number(outage.headers.get('retry-after'))).toBeGreaterThan(0);
    failing.clear();
    expect((await redeemAtAnother()).status).toBe(200);
  });
});
