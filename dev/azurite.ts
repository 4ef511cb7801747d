import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as z from 'zod';
import { findFreePort } from './ports.ts';
import { readJson, writePrivateJson } from './private-file.ts';

const host = '127.0.0.1';
const account = 'devstoreaccount1';

const entries = { table: 'azurite/dist/src/table/main.js', all: 'azurite/dist/src/azurite.js' } as const;
const services = { table: ['table'], all: ['blob', 'queue', 'table'] } as const;

type Service = (typeof services.all)[number];
type Ports = Readonly<Partial<Record<Service, number>>>;

export interface AzuriteOptions {
  /** Which storage services to run: tables alone (the default), or blobs and queues too, as `func start` needs. */
  readonly services?: keyof typeof services;
  /** 0, the default, takes a free port. */
  readonly tablePort?: number;
  readonly blobPort?: number;
  readonly queuePort?: number;
  /** Where data and account key are kept; without it everything is in memory and gone at the end. */
  readonly dataDir?: string;
}

export interface Azurite {
  readonly connectionString: string;
  readonly tablesUrl: string;
  /** Resolves when its process is gone, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends Azurite, data written, and resolves when its process is gone. */
  stop(): Promise<void>;
}

class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

async function choosePorts(options: AzuriteOptions): Promise<Ports> {
  const wanted = { blob: options.blobPort, queue: options.queuePort, table: options.tablePort };
  const chosen = services[options.services ?? 'table'].map(async (service) => {
    const port = wanted[service] ?? 0;
    return [service, port === 0 ? await findFreePort() : port] as const;
  });
  return Object.fromEntries(await Promise.all(chosen));
}

/**
 * A key of one's own, kept where the data is: everyone knows Azurite's default one, so that any web page whose name is
 * made to point here (DNS rebinding) could sign requests with it.
 */
function loadAccountKey(dataDir: string | undefined): string {
  const path = dataDir === undefined ? undefined : join(dataDir, 'account-key.json');
  const stored = path === undefined ? undefined : readJson(path);
  if (stored !== undefined) return z.base64().parse(stored);
  const key = randomBytes(64).toString('base64');
  if (path !== undefined) writePrivateJson(path, key);
  return key;
}

function spawnAzurite(options: AzuriteOptions, ports: Ports, accountKey: string): ChildProcess {
  const entry = createRequire(import.meta.url).resolve(entries[options.services ?? 'table']);
  const listening = Object.entries(ports).flatMap(([service, port]) => [
    `--${service}Host`,
    host,
    `--${service}Port`,
    String(port),
  ]);
  const storage = options.dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', options.dataDir];
  const preload = ['--import', new URL('./exit-with-parent.ts', import.meta.url).href];
  const quiet = ['--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  return spawn(process.execPath, [...preload, entry, ...listening, ...storage, ...quiet], {
    env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  });
}

function explainExit(output: string): Error {
  const port = /EADDRINUSE\D*[\d.]+:(\d+)/.exec(output)?.[1];
  return port === undefined
    ? new Error(`Azurite did not start. It said:\n${output.trim()}`)
    : new PortInUseError(`Azurite cannot start: port ${port} on ${host} is already in use.`);
}

/** Resolves when the last service listens: Azurite starts tables last and says so on its output. */
async function waitUntilReady(child: ChildProcess): Promise<void> {
  let output = '';
  const ready = Promise.withResolvers<undefined>();
  const read = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-10_000);
    if (/Azurite Table service .*successfully/.test(output)) ready.resolve(undefined);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('close', () => ready.reject(explainExit(output)));
  child.once('error', (error) => ready.reject(error));
  await ready.promise;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}

function describeEndpoints(ports: Ports, accountKey: string): string {
  const endpoints = Object.entries(ports).map(([service, port]) => {
    const name = `${service.charAt(0).toUpperCase()}${service.slice(1)}Endpoint`;
    return `${name}=http://${host}:${port}/${account};`;
  });
  return `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};${endpoints.join('')}`;
}

async function launch(options: AzuriteOptions): Promise<Azurite> {
  const ports = await choosePorts(options);
  const accountKey = loadAccountKey(options.dataDir);
  const child = spawnAzurite(options, ports, accountKey);
  await waitUntilReady(child);
  return {
    connectionString: describeEndpoints(ports, accountKey),
    tablesUrl: `http://${host}:${ports.table}/${account}`,
    exited: new Promise((resolve) => child.once('exit', () => resolve())),
    stop: () => stopChild(child),
  };
}

/**
 * Runs Azurite (Microsoft's storage emulator) over HTTP on 127.0.0.1 and resolves when it answers. It ends with `stop`
 * or with this process, however that ends.
 * @throws Error naming the port when one that was asked for is taken, or with Azurite's own output
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  // Somebody else may take a free port between finding and using it; one that was asked for is not tried again.
  const attempts = [options.tablePort, options.blobPort, options.queuePort].some(Boolean) ? 1 : 3;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(options);
    } catch (error) {
      if (!(error instanceof PortInUseError) || attempt === attempts) throw error;
    }
  }
}
