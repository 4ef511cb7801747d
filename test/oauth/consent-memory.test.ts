import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import type { SignInRequest } from '../../src/oauth/authorization-server.ts';
import { createConsentMemory } from '../../src/oauth/consent-memory.ts';
import { describeTarget } from '../../src/oauth/consent-target.ts';
import { consentSchema, type OAuthStores } from '../../src/oauth/stores.ts';
import { createTestSealer } from '../azure/test-sealer.ts';
import { createTestEnvironment } from '../support/server.ts';

const day = 24 * 60 * 60 * 1_000;
let clock = Date.parse('2026-01-02T12:00:00.000Z');
const now = () => clock;

let store: OAuthStores['consents'];
beforeAll(async () => {
  const tables = createTables(loadConfig(createTestEnvironment()).tables);
  await tables.ensureTables();
  store = createRecordTable(tables, {
    name: 'Consents',
    schema: consentSchema,
    sealer: createTestSealer(),
    now,
  });
});

function createRequest(changes: Partial<SignInRequest> = {}): SignInRequest {
  return {
    id: 'request',
    client: { id: 'client', kind: 'registered' },
    redirectUri: 'http://127.0.0.1:5000/callback',
    scopes: ['read', 'write'],
    hints: {},
    ...changes,
  };
}

describe('consent memory', () => {
  const otherThings: [string, Partial<SignInRequest>][] = [
    ['client', { client: { id: 'other', kind: 'registered' } }],
    ['redirect URI', { redirectUri: 'http://127.0.0.1:5001/callback' }],
    ['smaller set of scopes', { scopes: ['read'] }],
    ['larger set of scopes', { scopes: ['read', 'write', 'more'] }],
  ];

  it.each(otherThings)('S12: recalls nothing for another %s', async (_what, changes) => {
    const memory = createConsentMemory(store, { now });
    const browser = randomBytes(8).toString('hex');
    await memory.remember(browser, createRequest());
    expect(await memory.recalls(browser, createRequest())).toBe(true);
    expect(await memory.recalls(browser, createRequest(changes))).toBe(false);
  });

  it('S12: recalls nothing for another browser, and the same in whatever order the scopes come', async () => {
    const memory = createConsentMemory(store, { now });
    await memory.remember('mine', createRequest());
    expect(await memory.recalls('yours', createRequest())).toBe(false);
    expect(await memory.recalls('mine', createRequest({ id: 'next', scopes: ['write', 'read'] }))).toBe(true);
  });

  it('S12: forgets after 30 days', async () => {
    const memory = createConsentMemory(store, { now });
    await memory.remember('forgetful', createRequest());
    clock += 30 * day - 1;
    expect(await memory.recalls('forgetful', createRequest())).toBe(true);
    clock += 1;
    expect(await memory.recalls('forgetful', createRequest())).toBe(false);
  });

  it.each<[SignInRequest['client']['kind'], string, boolean]>([
    ['registered', 'http://127.0.0.1:5000/callback', true],
    ['registered', 'cursor://anysphere.cursor-mcp/oauth/callback', true],
    ['document', 'https://claude.ai/api/mcp/auth_callback', true],
    ['document', 'http://localhost:3118/callback', false],
    ['document', 'https://localhost:3118/callback', false],
    ['document', 'cursor://anysphere.cursor-mcp/oauth/callback', false],
    ['listed', 'https://agent.example.com/callback', true],
    ['listed', 'http://[::1]:9/callback', false],
  ])('is offered to a client that is %s at %s: %s', async (kind, redirectUri, offered) => {
    const memory = createConsentMemory(store, { now });
    const request = createRequest({ client: { id: 'assured', kind }, redirectUri });
    expect(memory.offers(request)).toBe(offered);
    // As where the client was known otherwise when it was allowed.
    await memory.remember('browser', request);
    expect(await memory.recalls('browser', request)).toBe(offered);
  });
});

describe('where a client is sent back to', () => {
  it.each([
    [
      'https://agent.example.com:8443/cb?x=1',
      'web',
      'agent.example.com:8443',
      'https://agent.example.com:8443',
    ],
    ['http://127.0.0.1:5000/cb', 'device', '127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['https://localhost/cb', 'device', 'localhost', 'https://localhost'],
    ['http://[::1]:5000/cb', 'device', '[::1]:5000', 'http:'],
    ['com.example.app:/cb', 'device', 'com.example.app', 'com.example.app:'],
  ])('S13: is told of %s as %s', (uri, kind, name, source) => {
    expect(describeTarget(uri)).toEqual({ kind, name, source });
  });
});
