import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { requestUserToken } from '../../dev/oauth-client/entra-tokens.ts';
import { createProxyEnvironment } from '../backends.ts';
import { createExchange, describeAdd, type Call } from '../calls.ts';
import { addressCall } from '../contenders.ts';
import { median } from '../measure.ts';
import type { ColdStart, Weight } from '../results.ts';
import { startServer, type ServerProcess } from '../server-process.ts';
import type { Setting } from '../setting.ts';
import { copyPackage, makeUnbundled, makeWorker, weighDependencies, weighPackage } from './packages.ts';

const fullStarts = 15;
const shortStarts = 1;

interface Candidate {
  readonly name: ColdStart['name'];
  readonly folder: string;
}

/** Everything that a start needs but the package. */
interface Ground {
  readonly setting: Setting;
  readonly folder: string;
  readonly workerFile: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly call: Call;
}

async function askHealth({ origin }: ServerProcess, { call }: Ground): Promise<void> {
  const response = await fetch(`${origin}/healthz`, { headers: call.headers });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`/healthz: ${response.status} ${text}`);
}

async function callTool({ origin }: ServerProcess, { call }: Ground): Promise<void> {
  const { headers, body, check } = call;
  const response = await fetch(`${origin}/mcp`, { method: 'POST', headers, body });
  const contentType = response.headers.get('content-type') ?? '';
  check({ status: response.status, contentType, body: await response.text() });
}

interface Start {
  readonly ms: number;
  readonly rssBytes: number;
}

/** One start, to the answer of that question. What a process leaves behind for the next one is not there. */
async function startOnce(
  { folder: from }: Candidate,
  ground: Ground,
  ask: typeof callTool,
  changes: NodeJS.ProcessEnv = {},
): Promise<Start> {
  const { setting, workerFile, environment } = ground;
  const home = mkdtempSync(join(ground.folder, 'start-'));
  const folder = join(home, 'package');
  const TMPDIR = join(home, 'tmp');
  copyPackage(from, folder);
  mkdirSync(TMPDIR);
  const command = { file: workerFile, args: [folder], environment: { ...environment, TMPDIR, ...changes } };
  const startedAt = performance.now();
  const process = await startServer(setting.cores, command);
  try {
    await ask(process, ground);
    const ms = performance.now() - startedAt;
    return { ms, rssBytes: (await process.usage()).rssBytes };
  } finally {
    await process.stop();
    rmSync(home, { recursive: true });
  }
}

/** In a start of its own, since counting takes time. */
async function countModules(candidate: Candidate, ground: Ground): Promise<number> {
  const path = join(ground.folder, 'modules.txt');
  const counter = pathToFileURL(join(import.meta.dirname, '../servers/count-modules.ts')).href;
  await startOnce(candidate, ground, callTool, {
    BENCH_MODULES_FILE: path,
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${counter}`,
  });
  return Number(readFileSync(path, 'utf8'));
}

interface Starts {
  readonly candidate: Candidate;
  readonly health: Start[];
  readonly calls: Start[];
}

async function startInTurn(
  candidates: readonly Candidate[],
  ground: Ground,
  times: number,
): Promise<readonly Starts[]> {
  const all = candidates.map((candidate): Starts => ({ candidate, health: [], calls: [] }));
  for (let time = 0; time < times; time += 1) {
    for (const { candidate, health, calls } of all) {
      health.push(await startOnce(candidate, ground, askHealth));
      calls.push(await startOnce(candidate, ground, callTool));
    }
  }
  return all;
}

function addWeights(one: Weight, other: Weight): Weight {
  return { files: one.files + other.files, bytes: one.bytes + other.bytes };
}

async function prepare(setting: Setting, folder: string): Promise<Ground> {
  const workerFile = join(folder, 'worker.mjs');
  await makeWorker(workerFile);
  const token = await requestUserToken(setting.backends.entra.authority, 'alice');
  const makeCall = createExchange(describeAdd('2026-07-28'), () => token);
  return {
    setting,
    folder,
    workerFile,
    environment: await createProxyEnvironment(setting.backends),
    call: addressCall({ kind: 'package' }, makeCall)(1, 0),
  };
}

/** Starts the package and the same code unbundled, in turn, as the Functions worker loads them. */
export async function runColdStart(setting: Setting): Promise<readonly ColdStart[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-start-'));
  try {
    const ground = await prepare(setting, folder);
    const unbundled = join(folder, 'unbundled');
    makeUnbundled(unbundled);
    const candidates: readonly Candidate[] = [
      { name: 'package', folder: setting.packageFolder },
      { name: 'unbundled', folder: unbundled },
    ];
    setting.progress('cold starts');
    const all = await startInTurn(candidates, ground, setting.short ? shortStarts : fullStarts);
    const results: ColdStart[] = [];
    for (const { candidate, health, calls } of all) {
      const own = weighPackage(candidate.folder);
      results.push({
        name: candidate.name,
        healthMs: median(health.map(({ ms }) => ms)),
        callMs: median(calls.map(({ ms }) => ms)),
        modules: await countModules(candidate, ground),
        rssBytes: median(calls.map(({ rssBytes }) => rssBytes)),
        ...(candidate.name === 'unbundled' ? addWeights(own, weighDependencies()) : own),
      });
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
