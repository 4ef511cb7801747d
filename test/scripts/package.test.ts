import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { users } from '../../dev/entra/directory.ts';
import { findFreePort } from '../../dev/ports.ts';
import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import { connectors } from '../support/mcp-clients.ts';
import { me, obtainTokens, refresh } from '../../dev/oauth-client/raw-oauth.ts';
import { buildPackage, type BuiltPackage } from '../support/package-process.ts';
import { createProxyEnvironment, createTestEnvironment } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';

let built: BuiltPackage;

beforeAll(async () => {
  built = await buildPackage();
});

afterAll(() => built.stop());

describe('the package, behind the Functions library’s own HTTP proxy', () => {
  let origin: string;

  beforeAll(async () => {
    const environment = createTestEnvironment();
    await createTables(loadConfig(environment).tables).ensureTables();
    origin = await built.start(environment);
  });

  it.each(Object.entries(connectors))('serves %s', async (_name, connect) => {
    const client = await connect(new URL('/mcp', origin), await userToken('alice'));
    const { tools } = await client.listTools();
    const saved = await client.callTool({ name: 'save_user_note', arguments: { text: 'grüß 🗒' } });
    const { notes } = (await client.callTool({ name: 'get_user_notes', arguments: {} }))
      .structuredContent as {
      notes: unknown[];
    };
    await client.close();
    expect(tools.map((tool) => tool.name)).toContain('save_user_note');
    expect(notes).toContainEqual({ ...(saved.structuredContent as object), text: 'grüß 🗒' });
  });

  it('serves the pages, the root and the well-known paths included', async () => {
    for (const path of ['/', '/docs', '/docs/swagger-ui.css', '/openapi.json', '/health', '/healthz']) {
      expect([path, (await fetch(origin + path)).status]).toEqual([path, 200]);
    }
    const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(await metadata.json()).toMatchObject({ resource: 'http://localhost:7071/mcp' });
  });

  it('challenges, answers HEAD and OPTIONS, and keeps the host’s invocation id as request id', async () => {
    const refused = await fetch(`${origin}/mcp`, { method: 'POST', body: '{}' });
    expect([refused.status, refused.headers.get('x-request-id')]).toEqual([
      401,
      refused.headers.get('x-ms-invocation-id'),
    ]);
    expect(refused.headers.get('www-authenticate')).toContain('resource_metadata=');
    const head = await fetch(`${origin}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${origin}/mcp`, { method: 'OPTIONS' })).status).toBe(204);
  });

  it('refuses a body over the limit without waiting for its end', async () => {
    const response = await fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await userToken('alice')}`, 'Content-Type': 'application/json' },
      body: 'x'.repeat(2_000_000),
    });
    expect(response.status).toBe(413);
  });
});

describe('the package with its authorization server', () => {
  it('signs a person in, cookies and redirects through the Functions library included', async () => {
    const port = await findFreePort();
    const url = `http://localhost:${port}`;
    const trusted = join(built.folder, 'trusted.pem');
    writeFileSync(trusted, process.env.TEST_KEY_VAULT_CERTIFICATE ?? '');
    const environment = createProxyEnvironment({ PUBLIC_BASE_URL: url, NODE_EXTRA_CA_CERTS: trusted });
    await createTables(loadConfig(environment).tables).ensureTables();
    await built.start(environment, port);
    const { accessToken, refreshToken, client } = await obtainTokens(url);
    expect(await (await me(url, accessToken)).json()).toMatchObject({ name: 'Alice Archer' });
    expect((await refresh(url, client, refreshToken)).status).toBe(200);
    const browser = createHttpBrowser();
    const signInForm = await browser.open(`${url}/auth/login`, {
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    });
    const { username, password } = users.alice;
    const page = await browser.submit(signInForm, { username, password });
    expect([page.url.href, page.status]).toEqual([`${url}/auth/login`, 200]);
    expect(page.text).toContain('Alice Archer');
  });

  it('S26: sweeps on a timer, and only there', async () => {
    const environment = createProxyEnvironment();
    const tables = createTables(loadConfig(environment).tables);
    await tables.ensureTables();
    const ended = { partitionKey: 'hash', rowKey: 'record', expiresAt: '2026-01-02T12:01:00.000Z' };
    await tables.table('Codes').insert(ended);
    await tables.table('Expiries').insert({ partitionKey: '2026-01-02T12', rowKey: 'Codes~hash' });
    const runSweep = async (origin: string) =>
      (await fetch(`${origin}/admin/functions/sweep`, { method: 'POST' })).status;
    expect(await runSweep(await built.start({ ...environment, OAUTH_PROXY: 'off' }))).toBe(404);
    expect(await tables.table('Codes').get('hash', 'record')).toBeDefined();
    expect(await runSweep(await built.start(environment))).toBe(202);
    expect(await tables.table('Codes').get('hash', 'record')).toBeUndefined();
    expect(await tables.table('Expiries').listBefore('~', 1)).toEqual([]);
  });
});

describe('the package with a faulty environment', () => {
  it('serves every route, and says on /healthz what is wrong', async () => {
    const origin = await built.start({ ENTRA_TENANT_ID: 'nonsense' });
    const response = await fetch(`${origin}/healthz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'misconfigured', faults: expect.any(Array) });
    expect((await fetch(`${origin}/mcp`, { method: 'POST', body: '{}' })).status).toBe(503);
  });
});
