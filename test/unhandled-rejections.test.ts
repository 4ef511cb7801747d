import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from '@jest/globals';
import packageJson from '../package.json' with { type: 'json' };
import { startInstance } from './support/instances.ts';
import { createTestEnvironment } from './support/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'rejections-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [, ...testArguments] = packageJson.scripts.test.split(' ');
const stray = "Promise.reject(new Error('nobody takes it'))";
const patient = "it('is patient', () => new Promise((resolve) => setTimeout(resolve, 2_000)));";

/** What `npm test` comes to with these files of tests, which two workers run. */
async function runTests(name: string, files: Readonly<Record<string, string>>) {
  const rootDir = join(folder, name);
  mkdirSync(rootDir);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(rootDir, file), content);
  const config = { rootDir, testEnvironment: 'node', transform: {}, cacheDirectory: join(rootDir, 'cache') };
  const env = { ...process.env, TEST_STRAYS: undefined };
  const args = [...testArguments, '--config', JSON.stringify(config), '--maxWorkers', '2'];
  const run = spawn(process.execPath, args, { cwd: resolve(import.meta.dirname, '..'), env });
  const [stderr, closed] = await Promise.all([text(run.stderr), once(run, 'close'), text(run.stdout)]);
  return { code: closed[0] as number | null, stderr };
}

describe('a rejection that nobody handles', () => {
  it.each([
    [
      'while its test runs',
      `it('waits', async () => { ${stray}; await new Promise((r) => setTimeout(r, 50)); });`,
    ],
    ['in a test that is over at once', `it('is over', () => { ${stray}; });`],
    ['after the last test', `it('is over', () => { setTimeout(() => ${stray}, 50); });`],
  ])('fails the run %s', async (name, content) => {
    const { code, stderr } = await runTests(name, { 'stray.test.js': content, 'other.test.js': patient });
    expect(stderr).toContain('nobody takes it');
    expect(code).toBe(1);
  });

  it('is what failed those runs', async () => {
    const content = "it('is over', () => { Promise.reject(new Error('taken')).catch(() => undefined); });";
    const { code, stderr } = await runTests('well', { 'well.test.js': content, 'other.test.js': patient });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('taken')]);
  });

  it('ends an instance of the server, and with it the test that has started it', async () => {
    const breaking = `process.on('message', () => { ${stray}; })`;
    const instance = await startInstance(
      createTestEnvironment({ NODE_OPTIONS: `--import "data:text/javascript,${breaking}"` }),
    );
    await expect(instance.advance(0).then(() => instance.memory())).rejects.toThrow('nobody takes it');
    expect(instance.isRunning).toBe(false);
    await expect(instance.kill()).rejects.toThrow('nobody takes it');
  });
});
