import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { createRecordTable } from '../../src/azure/record-table.ts';
import { AppError } from '../../src/errors.ts';
import { createAccounts, type AccountsOptions } from '../../src/oauth/accounts.ts';
import { UpstreamRefusal, type UpstreamTokens } from '../../src/oauth/entra-client.ts';
import { grantSchema, type GrantRecord } from '../../src/oauth/stores.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { startStorage, type TestStorage } from '../azure/storage.ts';
import { createTestSealer } from '../azure/test-sealer.ts';
import { createTestClient, entraConfig, obtainTokens } from './upstream-client.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const day = 86_400_000;
const refreshTokenSeconds = 30 * 86_400;

let storage: TestStorage;
let upstream: Upstream;
let tokens: UpstreamTokens;
let passed: number;

const now = () => Date.now() + passed;

beforeAll(async () => {
  [storage, upstream] = await Promise.all([startStorage(), startUpstream()]);
});

afterEach(async () => {
  upstream.fault = 'none';
  upstream.beforeToken = () => Promise.resolve();
  await upstream.setEnabled(users.alice.username, true);
});

afterAll(async () => {
  await upstream.stop();
  await storage.azurite.stop();
});

function openGrants(): RecordStore<GrantRecord> {
  const sealer = createTestSealer();
  return createRecordTable(storage.tables, { name: 'Grants', schema: grantSchema, sealer, now });
}

function openClient() {
  return createTestClient(entraConfig(upstream.authority));
}

/** Accounts as another instance of the server has them: nothing in memory is shared. */
function openInstance(changes: Partial<AccountsOptions> = {}) {
  return createAccounts({
    grants: openGrants(),
    entra: openClient(),
    refreshTokenSeconds,
    now,
    ...changes,
  });
}

/** A grant whose account was confirmed `ageMs` ago. */
async function makeGrant(ageMs = 61_000): Promise<string> {
  passed = 0;
  const grantId = randomUUID();
  tokens = await obtainTokens(openClient(), users.alice);
  await openGrants().insert(grantId, { payload: { clientId: 'a client' } }, now() + day);
  await openInstance().link(grantId, tokens);
  upstream.tokenRequests.splice(0);
  passed = ageMs;
  return grantId;
}

async function readUpstream(grantId: string) {
  return (await openGrants().find(grantId))?.value.upstream;
}

function throwing(error: Error): Pick<AccountsOptions, 'entra'> {
  return { entra: { refresh: () => Promise.reject(error) } };
}

describe('linking', () => {
  it('puts account and refresh token behind the grant, which outlives its own refresh tokens', async () => {
    const grantId = await makeGrant(0);
    const record = await openGrants().find(grantId);
    expect(record?.value).toEqual({
      payload: { clientId: 'a client' },
      upstream: {
        account: tokens.account,
        refreshToken: tokens.refreshToken,
        confirmedAt: expect.any(Number),
        leasedUntil: 0,
      },
    });
    expect(record?.expiresAt).toBeGreaterThan(now() + refreshTokenSeconds * 1_000);
  });

  it('fails when there is no grant, and makes none', async () => {
    const grantId = await makeGrant();
    await openGrants().remove(grantId);
    await expect(openInstance().link(grantId, tokens)).rejects.toMatchObject({ code: 'internal_error' });
    expect(await openGrants().find(grantId)).toBeUndefined();
  });
});

describe('confirming', () => {
  it('asks Entra nothing for a minute', async () => {
    const grantId = await makeGrant(30_000);
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect(upstream.tokenRequests).toEqual([]);
  });

  it('then refreshes, keeps the new refresh token and extends the grant', async () => {
    const grantId = await makeGrant();
    passed = 2 * day;
    const found = await openGrants().find(grantId);
    if (found === undefined) throw new Error('no record');
    await openGrants().replace(grantId, found.value, found, now() + 60_000);
    const before = now();
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect(upstream.tokenRequests.map(({ form }) => form.get('refresh_token'))).toEqual([
      tokens.refreshToken,
    ]);
    const record = await openGrants().find(grantId);
    expect(record?.value.payload).toEqual({ clientId: 'a client' });
    expect(record?.value.upstream).toMatchObject({ account: tokens.account, leasedUntil: 0 });
    expect(record?.value.upstream?.refreshToken).not.toBe(tokens.refreshToken);
    expect(record?.value.upstream?.confirmedAt).toBeGreaterThanOrEqual(before);
    expect(record?.expiresAt).toBeGreaterThan(before + refreshTokenSeconds * 1_000);
  });

  it('reads nothing for a caller that has just read, and believes it for a minute', async () => {
    const grantId = await makeGrant(0);
    const known = await openGrants().find(grantId);
    const unread = { ...openGrants(), find: () => Promise.reject(new Error('read again')) };
    const instance = openInstance({ grants: unread });
    expect(await instance.confirm(grantId, known)).toEqual(tokens.account);
    expect(upstream.tokenRequests).toEqual([]);
    passed = 61_000;
    // What it then writes is on condition of what was read.
    expect(await instance.confirm(grantId, known)).toEqual(tokens.account);
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S17: looks again when what a caller had read was written to since', async () => {
    const grantId = await makeGrant();
    const known = await openGrants().find(grantId);
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect(await openInstance().confirm(grantId, known)).toEqual(tokens.account);
    expect(upstream.tokenRequests).toHaveLength(1);
    await openGrants().remove(grantId);
    expect(await openInstance().confirm(grantId, known)).toBeUndefined();
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S19: tells nobody else what a caller had read before the grant ended', async () => {
    const grantId = await makeGrant(0);
    const known = await openGrants().find(grantId);
    await openGrants().remove(grantId);
    const instance = openInstance();
    const [early, late] = [instance.confirm(grantId, known), instance.standsUntil(grantId)];
    expect([await early, await late]).toEqual([tokens.account, undefined]);
  });

  it('S17: refreshes once for 20 calls at once on two instances, and all get the account', async () => {
    const grantId = await makeGrant();
    const instances = [openInstance(), openInstance()];
    const calls = Array.from({ length: 10 }, () => instances.map(({ confirm }) => confirm(grantId))).flat();
    expect(await Promise.all(calls)).toEqual(calls.map(() => tokens.account));
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S17: refreshes once for 20 instances at once', async () => {
    const grantId = await makeGrant();
    const calls = Array.from({ length: 20 }, () => openInstance().confirm(grantId));
    expect(await Promise.all(calls)).toEqual(calls.map(() => tokens.account));
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S17: waits for the instance that refreshes, and takes over when that one has died', async () => {
    const grantId = await makeGrant();
    const started = Promise.withResolvers<undefined>();
    const never = new Promise<never>(() => undefined);
    void openInstance({
      entra: { refresh: () => (started.resolve(undefined), never) },
    }).confirm(grantId);
    await started.promise;

    const impatient = openInstance({ sleep: () => Promise.resolve() });
    await expect(impatient.confirm(grantId)).rejects.toMatchObject({ code: 'entra_unavailable' });
    expect(upstream.tokenRequests).toEqual([]);

    passed += 21_000;
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('S17: lets what another found stand when its own lease ended meanwhile', async () => {
    const grantId = await makeGrant();
    const client = openClient();
    const slow = openInstance({
      entra: {
        async refresh(refreshToken) {
          const late = await client.refresh(refreshToken);
          passed += 21_000;
          await openInstance().confirm(grantId);
          return { ...late, refreshToken: 'late' };
        },
      },
    });
    expect(await slow.confirm(grantId)).toEqual(tokens.account);
    const stored = (await readUpstream(grantId))?.refreshToken;
    expect(stored).not.toBe('late');
    passed += 61_000;
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect(upstream.tokenRequests.at(-1)?.form.get('refresh_token')).toBe(stored);
  });

  it('does not end a grant that another has renewed since', async () => {
    const grantId = await makeGrant();
    const slow = openInstance({
      entra: {
        async refresh() {
          passed += 21_000;
          await openInstance().confirm(grantId);
          throw new UpstreamRefusal('invalid_grant', 'invalid_grant AADSTS700082');
        },
      },
    });
    expect(await slow.confirm(grantId)).toEqual(tokens.account);
    expect(await readUpstream(grantId)).toBeDefined();
  });

  it('keeps what was written to the grant during the refresh', async () => {
    const grantId = await makeGrant();
    upstream.beforeToken = async () => {
      const grants = openGrants();
      const record = await grants.find(grantId);
      if (record === undefined) throw new Error('no record');
      await grants.replace(grantId, { ...record.value, payload: { written: 'meanwhile' } }, record);
    };
    expect(await openInstance().confirm(grantId)).toEqual(tokens.account);
    expect((await openGrants().find(grantId))?.value.payload).toEqual({ written: 'meanwhile' });
  });

  it('does not bring a grant back that was revoked during the refresh', async () => {
    const grantId = await makeGrant();
    upstream.beforeToken = () => openGrants().remove(grantId);
    expect(await openInstance().confirm(grantId)).toBeUndefined();
    expect(await openGrants().find(grantId)).toBeUndefined();
  });

  it('knows no grant that has ended, or has no account', async () => {
    const grantId = await makeGrant();
    await openGrants().save(grantId, { payload: {} }, now() + day);
    expect(await openInstance().confirm(grantId)).toBeUndefined();
    expect(await openInstance().confirm(randomUUID())).toBeUndefined();
    expect(upstream.tokenRequests).toEqual([]);
  });
});

describe('the end of an account', () => {
  it('S19: at Entra ends the grant, on every instance', async () => {
    const grantId = await makeGrant();
    await upstream.setEnabled(users.alice.username, false);
    expect(await openInstance().confirm(grantId)).toBeUndefined();
    expect(await openGrants().find(grantId)).toBeUndefined();
    await upstream.setEnabled(users.alice.username, true);
    expect(await openInstance().confirm(grantId)).toBeUndefined();
    expect(await openInstance().standsUntil(grantId)).toBeUndefined();
  });

  it('S19: shows within a minute of when Entra last confirmed the account, whenever it was asked about', async () => {
    const grantId = await makeGrant();
    const confirmedAt = (await openGrants().find(grantId))?.value.upstream?.confirmedAt ?? 0;
    const until = await openInstance({ now: () => confirmedAt + 59_000 }).standsUntil(grantId);
    expect(until).toBe(confirmedAt + 60_000);
  });

  it('is also a refresh that is about somebody else', async () => {
    const grantId = await makeGrant();
    const bob = await obtainTokens(openClient(), users.bob);
    const other = openInstance({ entra: { refresh: () => Promise.resolve(bob) } });
    expect(await other.confirm(grantId)).toBeUndefined();
    expect(await openGrants().find(grantId)).toBeUndefined();
  });

  it.each(['wrong_tenant', 'missing_scope'] as const)('is also a token that is refused: %s', async (code) => {
    const grantId = await makeGrant();
    expect(await openInstance(throwing(new AppError(code))).confirm(grantId)).toBeUndefined();
    expect(await openGrants().find(grantId)).toBeUndefined();
  });
});

describe('an Entra that cannot be asked', () => {
  it('leaves the grant and its refresh token alone; the token endpoint fails and /mcp goes on', async () => {
    const grantId = await makeGrant();
    upstream.fault = { status: 503, body: '' };
    const instance = openInstance();
    await expect(instance.confirm(grantId)).rejects.toMatchObject({ code: 'entra_unavailable' });
    expect(await readUpstream(grantId)).toMatchObject({ refreshToken: tokens.refreshToken, leasedUntil: 0 });
    expect(await instance.standsUntil(grantId)).toBeGreaterThan(0);
    upstream.fault = 'none';
    expect(await instance.confirm(grantId)).toEqual(tokens.account);
  });

  it('is asked once for all calls of an instance, and each fails', async () => {
    const grantId = await makeGrant();
    upstream.fault = 'cut-before';
    const instance = openInstance();
    const calls = await Promise.allSettled(Array.from({ length: 20 }, () => instance.confirm(grantId)));
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it.each(['entra_refused_server', 'secrets_unavailable', 'secret_missing'] as const)(
    'because of %s lets the grant live',
    async (code) => {
      const grantId = await makeGrant();
      const instance = openInstance(throwing(new AppError(code)));
      await expect(instance.confirm(grantId)).rejects.toMatchObject({ code });
      expect(await instance.standsUntil(grantId)).toBeGreaterThan(0);
      await openGrants().remove(grantId);
      expect(await instance.standsUntil(grantId)).toBeUndefined();
    },
  );

  it('because this server refuses Entra’s tokens is the operator’s to mend, not the person’s end', async () => {
    const grantId = await makeGrant();
    const instance = openInstance(throwing(new AppError('wrong_audience')));
    await expect(instance.confirm(grantId)).rejects.toMatchObject({
      code: 'entra_refused_server',
      detail: 'refreshed token: wrong_audience',
    });
    expect(await instance.standsUntil(grantId)).toBeGreaterThan(0);
  });

  it('is no excuse for a storage that does not answer', async () => {
    const grantId = await makeGrant();
    const outage = new AppError('storage_unavailable');
    const instance = openInstance({ grants: { ...openGrants(), find: () => Promise.reject(outage) } });
    await expect(instance.confirm(grantId)).rejects.toBe(outage);
    await expect(instance.standsUntil(grantId)).rejects.toBe(outage);
  });
});
