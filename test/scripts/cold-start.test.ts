import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleApp } from '../../dev/bundle.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { killRunning } from '../support/kill-running.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { createProxyEnvironment } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';

const projectRoot = resolve(import.meta.dirname, '../..');
let folder: string;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  await bundleApp(join(folder, 'dist'), { sourceMap: true });
  copyFileSync(join(projectRoot, 'package.json'), join(folder, 'package.json'));
});

afterEach(async () => {
  if (worker !== undefined) await killRunning(worker);
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Started {
  readonly origin: string;
  /** What is logged and loaded, line by line, in that order. */
  readonly lines: AsyncIterator<string, undefined>;
}

/** The package in a fresh process, with the authorization server on, as a deployment has it. */
async function startPackage(): Promise<Started> {
  const support = join(projectRoot, 'test/support');
  const environment = createProxyEnvironment({ LOG_LEVEL: 'info' });
  await createTables(loadConfig(environment).tables).ensureTables();
  worker = spawn(
    process.execPath,
    ['--import', join(support, 'loads.ts'), join(support, 'functions-host.ts'), folder],
    { env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { stdout, stderr } = worker;
  if (stdout === null || stderr === null) throw new Error('the worker has no pipes');
  // Listened to from the beginning.
  const lines = createInterface(stderr)[Symbol.asyncIterator]() as Started['lines'];
  const ended = once(worker, 'exit').then(() => Promise.reject(new Error('the worker ended by itself')));
  const [printed] = (await Promise.race([once(stdout, 'data'), ended])) as [Buffer];
  return { origin: `http://127.0.0.1:${printed.toString().trim()}`, lines };
}

/** The files that are loaded until a line says this. */
async function readLoads({ lines }: Started, until: string): Promise<string[]> {
  const loads: string[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done === true) throw new Error(`the worker ended without saying ${until}`);
    const [, file] = /^loads (.*)$/.exec(next.value) ?? [];
    if (file !== undefined) loads.push(file);
    if (next.value.includes(until)) return loads;
  }
}

/** The packages whose code is in a file of the bundle, by its source map. */
function listPackages(file: string): string[] {
  const map = JSON.parse(readFileSync(join(folder, 'dist', `${file}.map`), 'utf8')) as { sources: string[] };
  return map.sources.flatMap((source) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
    return name === undefined ? [] : [name];
  });
}

describe('a cold start', () => {
  it('loads for /healthz and a tool call what they need, and the storage behind the answer', async () => {
    const started = await startPackage();
    expect((await fetch(`${started.origin}/healthz`)).status).toBe(200);
    const mcp = createRawMcp(new URL('/mcp', started.origin), await userToken('alice'));
    const params = { name: 'add', arguments: { a: 1, b: 2 } };
    const response = await mcp.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    expect(await response.json()).toMatchObject({ result: { structuredContent: { result: 3 } } });

    const files = await readLoads(started, '"route":"/mcp"');
    expect(files).toEqual(['main.cjs', 'rolldown-runtime.cjs', 'errors.cjs']);
    const packages = new Set(['main.cjs', 'errors.cjs'].flatMap(listPackages));
    expect([...packages].sort()).toEqual([
      '@azure/functions',
      '@azure/functions-extensions-base',
      '@modelcontextprotocol/core',
      '@modelcontextprotocol/server',
      'cookie',
      'hono',
      'jose',
      'set-cookie-parser',
      'zod',
    ]);
    // Who uses which client is noted.
    expect(await readLoads(started, 'loads azure.cjs')).toEqual(['azure.cjs']);
  });

  it('loads a page alone for whoever opens a page', async () => {
    const started = await startPackage();
    expect((await fetch(`${started.origin}/`)).status).toBe(200);
    expect(await readLoads(started, '"route":"/"')).toEqual([
      'main.cjs',
      'rolldown-runtime.cjs',
      'errors.cjs',
      'pages.cjs',
    ]);
  });
});
