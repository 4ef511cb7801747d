import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSessionTable } from '../../src/azure/session-table.ts';
import { describeSessionStore } from '../contract/session-store.contract.ts';
import { startStorage, type TestStorage } from './storage.ts';

let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
});

afterAll(() => storage.azurite.stop());

describeSessionStore('Table Storage', (now) => createSessionTable(storage.tables, { now }));

describe('the sessions table', () => {
  it('lists at most 100 clients', async () => {
    const store = createSessionTable(storage.tables);
    const owner = { tenantId: randomUUID(), objectId: randomUUID() };
    await Promise.all(
      Array.from({ length: 101 }, (_, index) => store.record(owner, { clientId: String(index) })),
    );
    expect(await store.list(owner)).toHaveLength(100);
  });

  it('leaves a row out that it did not write', async () => {
    const store = createSessionTable(storage.tables);
    const owner = { tenantId: randomUUID(), objectId: randomUUID() };
    await store.record(owner, { clientId: 'client' });
    const partitionKey = `${owner.tenantId}:${owner.objectId}`;
    await storage.inspect('Sessions').createEntity({ partitionKey, rowKey: 'odd', clientId: 5 });
    expect(await store.list(owner)).toMatchObject([{ clientId: 'client' }]);
  });
});
