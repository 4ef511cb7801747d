import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readArguments } from '../dev/arguments.ts';
import { describeFailure } from '../dev/failure.ts';
import { startBackends } from './backends.ts';
import { listContenders, type Contender } from './contenders.ts';
import { divideCores } from './cores.ts';
import { readOptions, usage, type BenchOptions } from './options.ts';
import { runColdStart } from './parts/cold-start.ts';
import { runComparison } from './parts/comparison.ts';
import { runNotes } from './parts/notes.ts';
import { makePackage } from './parts/packages.ts';
import { runTokenEndpoint } from './parts/token-endpoint.ts';
import { runVerification } from './parts/verification.ts';
import { drawChart } from './report/chart.ts';
import { describeCircumstances } from './report/circumstances.ts';
import { describeResults } from './report/tables.ts';
import { judge } from './report/targets.ts';
import type { Measurements, Results } from './results.ts';
import type { Setting } from './setting.ts';

const resultsFile = join(import.meta.dirname, 'results.json');
const chartFile = resolve(import.meta.dirname, '../docs/images/performance.svg');

async function measure(
  { parts, servers }: BenchOptions,
  contenders: readonly Contender[],
  setting: Setting,
): Promise<Measurements> {
  const chosen = contenders.filter(({ name }) => servers.includes(name));
  const wants = (part: BenchOptions['parts'][number]) => parts.includes(part);
  return {
    ...(wants('calls') && { comparison: await runComparison(chosen, setting) }),
    ...(wants('notes') && { notes: await runNotes(setting) }),
    ...(wants('token-endpoint') && { tokenEndpoint: await runTokenEndpoint(setting) }),
    ...(wants('cold-start') && { coldStart: await runColdStart(setting) }),
    ...(wants('verification') && { verification: await runVerification(setting) }),
  };
}

function progress(text: string): void {
  console.error(text);
}

async function runBench(options: BenchOptions, contenders: readonly Contender[]): Promise<void> {
  const cores = divideCores();
  if (!cores.pinned) progress('Server and load cannot have a core each here: the numbers are less steady.');
  const circumstances = describeCircumstances(contenders, cores.pinned);
  const packageFolder = mkdtempSync(join(tmpdir(), 'bench-package-'));
  await makePackage(packageFolder);
  const backends = await startBackends();
  try {
    const setting: Setting = { cores, backends, packageFolder, short: options.short, progress };
    const measurements = await measure(options, contenders, setting);
    // What a few calls cost is not what calls cost.
    const targets = options.short ? [] : judge(measurements);
    const results: Results = { circumstances, targets, ...measurements };
    console.log(describeResults(results));
    if (options.writes) await write(results);
  } finally {
    await backends.stop();
    rmSync(packageFolder, { recursive: true });
  }
}

async function write(results: Results): Promise<void> {
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(chartFile, await drawChart(results));
}

const contenders = listContenders();
const options = readArguments(
  (args) =>
    readOptions(
      args,
      contenders.map(({ name }) => name),
    ),
  usage,
);
try {
  await runBench(options, contenders);
} catch (error) {
  console.error(`The bench failed: ${describeFailure(error)}`);
  // Whatever was started ends with this process.
  process.exit(1);
}
