import { CredentialUnavailableError } from '@azure/identity';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFreePort } from '../../dev/ports.ts';
import { createTables, mcpTableNames, tableNames } from '../../src/azure/tables.ts';
import { startStorage, type TestStorage } from './storage.ts';

const token = { token: 'not-a-token', expiresOnTimestamp: 4_102_444_800_000 };

let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
});

afterAll(() => storage.azurite.stop());

describe('the tables', () => {
  it('have names that Table Storage accepts with the longest prefix', () => {
    for (const name of tableNames) expect(`${'p'.repeat(31)}${name}`).toMatch(/^[A-Za-z][A-Za-z0-9]{2,62}$/);
  });

  it('are created where they are missing and left alone where they are not', async () => {
    const config = { connectionString: storage.azurite.connectionString, prefix: 'twice' };
    await createTables(config).ensureTables();
    const row = { partitionKey: 'p', rowKey: 'r', column: 'kept' };
    await createTables(config).table('Notes').insert(row);
    await createTables(config).ensureTables();
    expect(await createTables(config).table('Notes').get('p', 'r')).toMatchObject(row);
  });

  it('answer a ping when they are all there', async () => {
    await expect(storage.tables.ping()).resolves.toBeUndefined();
  });

  it('are made and asked only where they are used', async () => {
    const config = { connectionString: storage.azurite.connectionString, prefix: 'few' };
    const few = createTables(config, { names: mcpTableNames });
    await few.ensureTables();
    await expect(few.ping()).resolves.toBeUndefined();
    await expect(createTables(config).ping()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('report a table that is missing, by its name, for every operation', async () => {
    const tables = createTables({ connectionString: storage.azurite.connectionString, prefix: 'absent' });
    const table = tables.table('Notes');
    const row = { partitionKey: 'p', rowKey: 'r' };
    const operations = [
      () => tables.ping(),
      () => table.get('p', 'r'),
      () => table.list('p', { limit: 1 }),
      () => table.insert(row),
      () => table.listBefore('p', 1),
      () => table.upsert(row),
      () => table.replace(row, '*'),
      () => table.merge(row),
      () => table.remove('p', 'r'),
      () => table.transact([['create', row]]),
      () => table.transact([['delete', row]]),
    ];
    for (const operation of operations) {
      await expect(operation()).rejects.toMatchObject({
        code: 'storage_unavailable',
        detail: expect.stringMatching(/^absent\w+: the table is not there \(TableNotFound\)$/),
      });
    }
  });

  it('report a storage that nobody answers for', async () => {
    const tables = storage.tablesAt(`http://127.0.0.1:${await findFreePort()}/devstoreaccount1`);
    await expect(tables.ping()).rejects.toMatchObject({
      code: 'storage_unavailable',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('report a wrong key as access refused', async () => {
    const connectionString = storage.azurite.connectionString.replace(
      /AccountKey=[^;]+/,
      'AccountKey=d3Jvbmc=',
    );
    const tables = createTables({ connectionString, prefix: 'test' });
    await expect(tables.ping()).rejects.toMatchObject({
      code: 'storage_unavailable',
      detail: expect.stringContaining('access refused (403'),
    });
  });

  it('report a connection string that cannot be read', async () => {
    const tables = createTables({ connectionString: 'AccountName=x', prefix: 'test' });
    await expect(tables.ping()).rejects.toMatchObject({ code: 'misconfigured' });
  });

  it('report a credential that gives no token', async () => {
    const credential = { getToken: () => Promise.reject(new CredentialUnavailableError('signed out')) };
    const url = `https://127.0.0.1:${await findFreePort()}`;
    await expect(createTables({ url, prefix: 'test' }, { credential }).ping()).rejects.toMatchObject({
      code: 'storage_unavailable',
      detail: expect.stringContaining('no token'),
    });
  });

  it('do not wait longer than their deadline for a token', async () => {
    const credential = { getToken: () => new Promise<never>(() => undefined) };
    const tables = createTables(
      { url: 'https://127.0.0.1', prefix: 'test' },
      { credential, deadlineMs: 200 },
    );
    await expect(tables.ping()).rejects.toMatchObject({
      code: 'storage_unavailable',
      detail: expect.stringContaining('no answer within 200 ms'),
    });
  });

  it.each([
    ['a URL without a credential', { url: 'https://x.example', prefix: 'test' }, {}],
    [
      'a token over http',
      { url: 'http://127.0.0.1:1', prefix: 'test' },
      { credential: { getToken: () => Promise.resolve(token) } },
    ],
    ['nothing to connect to', { prefix: 'test' }, {}],
  ])('refuse %s when they are created', (_description, config, options) => {
    expect(() => createTables(config, options)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  });
});
