import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { describe, expect, it } from '@jest/globals';
import { startAzurite, type Azurite } from '../../dev/azurite.ts';
import { takePort } from '../support/take-port.ts';

function openTable({ connectionString }: Pick<Azurite, 'connectionString'>): TableClient {
  return TableClient.fromConnectionString(connectionString, 'test', { allowInsecureConnection: true });
}

/** The documented key of the emulator. */
const publicKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

function keyOf({ connectionString }: Azurite): string {
  return /AccountKey=([^;]+);/.exec(connectionString)?.[1] ?? '';
}

async function isGone(url: string): Promise<boolean> {
  return fetch(url).then(
    () => false,
    () => true,
  );
}

describe('the local Azurite', () => {
  it('serves tables until it is stopped', async () => {
    const azurite = await startAzurite();
    const table = openTable(azurite);
    await table.createTable();
    await table.createEntity({ partitionKey: 'p', rowKey: 'r' });
    expect(await table.getEntity('p', 'r')).toMatchObject({ rowKey: 'r' });
    await azurite.stop();
    expect(await isGone(azurite.tablesUrl)).toBe(true);
    await azurite.stop();
  });

  it('has a key of its own each time, and refuses the one that everybody knows', async () => {
    const [azurite, other] = await Promise.all([startAzurite(), startAzurite()]);
    try {
      expect(keyOf(azurite)).not.toBe(keyOf(other));
      for (const key of [publicKey, keyOf(other)]) {
        const connectionString = azurite.connectionString.replace(keyOf(azurite), key);
        await expect(openTable({ ...azurite, connectionString }).createTable()).rejects.toMatchObject({
          statusCode: 403,
        });
      }
    } finally {
      await Promise.all([azurite.stop(), other.stop()]);
    }
  });

  it('serves blobs and queues too when asked to', async () => {
    const azurite = await startAzurite({ services: 'all' });
    try {
      const endpoints = [...azurite.connectionString.matchAll(/(\w+)Endpoint=(http:\S+?);/g)];
      expect(endpoints.map(([, service]) => service)).toEqual(['Blob', 'Queue', 'Table']);
      for (const [, , url = ''] of endpoints) expect(await isGone(url)).toBe(false);
    } finally {
      await azurite.stop();
    }
  });

  it('keeps its data in a folder, if given one, from one start to the next', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'azurite-'));
    try {
      const first = await startAzurite({ dataDir });
      await openTable(first).createTable();
      await openTable(first).createEntity({ partitionKey: 'p', rowKey: 'r', column: 'kept' });
      await first.stop();
      const second = await startAzurite({ dataDir });
      const row = await openTable(second).getEntity('p', 'r');
      await second.stop();
      expect(row).toMatchObject({ column: 'kept' });
      expect(keyOf(second)).toBe(keyOf(first));
      const { mode } = await stat(join(dataDir, 'account-key.json'));
      if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o600);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it('keeps its data when a signal reaches all processes at once, as a terminal sends it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'azurite-'));
    const launcher = new URL('../../dev/azurite.ts', import.meta.url).href;
    const script = `const { startAzurite } = await import(${JSON.stringify(launcher)});
      const azurite = await startAzurite({ dataDir: ${JSON.stringify(dataDir)} });
      process.once('SIGTERM', () => azurite.stop());
      console.log(azurite.connectionString);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // A group of its own.
      detached: true,
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const table = openTable({ connectionString: line.toString().trim() });
      await table.createTable();
      await table.createEntity({ partitionKey: 'p', rowKey: 'r', column: 'the last' });
      const exited = once(parent, 'exit');
      // Windows has no groups; a console there sends nothing that Azurite ends by.
      process.kill(process.platform === 'win32' ? Number(parent.pid) : -Number(parent.pid), 'SIGTERM');
      await exited;
      const again = await startAzurite({ dataDir });
      const row = await openTable(again)
        .getEntity('p', 'r')
        .finally(() => again.stop());
      expect(row).toMatchObject({ column: 'the last' });
    } finally {
      parent.kill('SIGKILL');
      await rm(dataDir, { recursive: true });
    }
  });

  it('names the port when it is taken', async () => {
    const { port, stop } = await takePort();
    try {
      await expect(startAzurite({ tablePort: port })).rejects.toThrow(
        `Azurite cannot start: port ${port} on 127.0.0.1 is already in use.`,
      );
    } finally {
      await stop();
    }
  });

  it('shows what Azurite said when it does not start', async () => {
    await expect(startAzurite({ tablePort: 70_000 })).rejects.toThrow(
      /Azurite did not start\. It said:\n.*70000/s,
    );
  });

  it('ends when the process that started it is killed', async () => {
    const launcher = new URL('../../dev/azurite.ts', import.meta.url).href;
    const script = `const { startAzurite } = await import(${JSON.stringify(launcher)});
      console.log((await startAzurite()).tablesUrl);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const url = line.toString().trim();
    expect(await isGone(url)).toBe(false);
    const connection = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    await once(connection, 'connect');
    const closed = once(connection, 'close');
    parent.kill('SIGKILL');
    await closed;
    expect(await isGone(url)).toBe(true);
  });
});
