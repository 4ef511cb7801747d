import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readArguments } from '../dev/arguments.ts';
import { bundleApp } from '../dev/bundle.ts';
import {
  createOwnEnvironment,
  createPeerEnvironment,
  requestToken,
  startBackends,
  type Backends,
} from './backends.ts';
import { listContenders, type Contender } from './contenders.ts';
import { divideCores, type Cores } from './cores.ts';
import { readOptions, usage } from './options.ts';
import { runRounds, type Plan, type RunningContender } from './rounds.ts';
import { checkRefusal } from './refusal.ts';
import { startServer } from './server-process.ts';
import { describeCalls, describeMemory, describeTargets } from './tables.ts';
import { judgeCalls } from './targets.ts';

const projectRoot = resolve(import.meta.dirname, '..');

const fullPlan: Plan = { rounds: 4, callsPerRound: 50_000, warmUpCalls: 4_000 };
const shortPlan: Plan = { rounds: 1, callsPerRound: 400, warmUpCalls: 16 };

function progress(text: string): void {
  console.error(text);
}

/** The package as it is deployed, in a folder that holds nothing else. */
async function buildPackage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await bundleApp(join(folder, 'dist'));
  for (const file of ['host.json', 'package.json']) copyFileSync(join(projectRoot, file), join(folder, file));
  return folder;
}

interface Setting {
  readonly cores: Cores;
  readonly backends: Backends;
  readonly packageFolder: string;
}

async function start(
  contender: Contender,
  { cores, backends, packageFolder }: Setting,
): Promise<RunningContender> {
  const process = await startServer(cores, {
    file: join(import.meta.dirname, 'servers', contender.file),
    args: contender.runsPackage === true ? [packageFolder] : [],
    environment: contender.isOwn ? await createOwnEnvironment(backends) : createPeerEnvironment(backends),
  });
  const running = { contender, process, token: await requestToken(backends) };
  await checkRefusal(running);
  return running;
}

async function runBench(contenders: readonly Contender[], plan: Plan, setting: Setting): Promise<void> {
  const running: RunningContender[] = [];
  try {
    for (const contender of contenders) running.push(await start(contender, setting));
    const { calls, memory } = await runRounds(running, plan, progress);
    const titles = new Map(contenders.map(({ name, title }) => [name, title]));
    console.log(describeCalls(calls, titles), '\n');
    console.log(describeMemory(memory, titles, [plan.callsPerRound, plan.rounds * plan.callsPerRound]), '\n');
    if (plan === fullPlan) console.log(describeTargets(judgeCalls(calls, memory)));
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()));
  }
}

const contenders = listContenders();
const names = contenders.map(({ name }) => name);
const options = readArguments((args) => readOptions(args, names), usage);
const chosen = contenders.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
const cores = divideCores();
if (!cores.pinned) progress('Nothing is pinned to a core here: the numbers are less steady.');
const packageFolder = await buildPackage();
const backends = await startBackends();
try {
  await runBench(chosen, options.short ? shortPlan : fullPlan, { cores, backends, packageFolder });
} finally {
  await backends.stop();
  rmSync(packageFolder, { recursive: true });
}
