import { eras } from '../calls.ts';
import type { ColdStart } from '../parts/cold-start.ts';
import type { Comparison } from '../parts/comparison.ts';
import type { CaseResult, MemoryResult } from '../rounds.ts';
import { createTable, formatNumber, type Cell } from './markdown.ts';
import type { Measurements } from './results.ts';
import { holds, type Target } from './targets.ts';

/** By server's name, what it is. */
type Titles = Readonly<Record<string, string>>;

const measures = ['req/s', 'p50 ms', 'p99 ms', 'CPU µs'];

function listMeasures({ perSecond, p50Ms, p99Ms, cpuMicros }: CaseResult): Cell[] {
  return [perSecond, p50Ms, p99Ms, cpuMicros];
}

/** A row for each server, with the measures for each number of connections. */
function describeCallsOf(calls: readonly CaseResult[], titles: Titles): string {
  const counts = [...new Set(calls.map(({ connections }) => connections))];
  const rows = [...Map.groupBy(calls, ({ server }) => server)].map(([server, found]) => [
    titles[server] ?? server,
    ...counts.flatMap((count) => {
      const result = found.find(({ connections }) => connections === count);
      return result === undefined ? measures.map(() => '') : listMeasures(result);
    }),
  ]);
  const head = counts.flatMap((count) => measures.map((measure) => `${measure} (${count})`));
  return createTable(['Server', ...head], rows);
}

function describeMemory(
  memory: readonly MemoryResult[],
  calls: readonly [number, number],
  titles: Titles,
): string {
  const head = ['Server', ...calls.map((count) => `MB after ${formatNumber(count)} calls`)];
  const rows = memory.map(({ server, afterFirstRound, afterLastRound }) => [
    titles[server] ?? server,
    ...[afterFirstRound, afterLastRound].map((bytes) => Math.round(bytes / 1e6)),
  ]);
  return createTable(head, rows);
}

/** A row for each case. */
function describeCases(cases: readonly CaseResult[], titles: Titles): string {
  const rows = cases.map((result) => [
    result.scenario,
    titles[result.server] ?? result.server,
    ...listMeasures(result),
  ]);
  return createTable(['', 'Server', ...measures], rows);
}

function describeColdStart(starts: readonly ColdStart[]): string {
  const rows = starts.map(({ name, healthMs, callMs, modules, rssBytes, files, bytes }) => [
    name,
    Math.round(healthMs),
    Math.round(callMs),
    modules,
    Math.round(rssBytes / 1e6),
    files,
    bytes,
  ]);
  const head = ['', '/healthz ms', 'first call ms', 'modules loaded', 'MB resident', 'files', 'bytes'];
  return createTable(head, rows);
}

function describeComparison(comparison: Comparison, titles: Titles): [string, string][] {
  const { calls, discovery, memory, memoryCalls } = comparison;
  return [
    ...eras.map((era): [string, string] => [
      `\`tools/call add\`, ${era}, by number of connections`,
      describeCallsOf(
        calls.filter((call) => call.era === era),
        titles,
      ),
    ]),
    ['Resident memory', describeMemory(memory, memoryCalls, titles)],
    ...[...Map.groupBy(discovery, ({ scenario, era }) => `\`${scenario}\`, ${era}, 16 connections`)].map(
      ([title, found]): [string, string] => [title, describeCallsOf(found, titles)],
    ),
  ];
}

function describeTargets(targets: readonly Target[]): string {
  const rows = targets.map((target) => [
    target.name,
    `${formatNumber(target.measured)} ${target.unit}`,
    `${formatNumber(target.limit)} ${target.unit}`,
    holds(target) ? 'yes' : '**no**',
  ]);
  return createTable(['Target', 'Measured', 'At most', 'Holds'], rows);
}

/** Everything that was measured, as Markdown: a heading of the third level and a table for each. */
export function describeResults(
  { comparison, notes, coldStart, verification }: Measurements,
  targets: readonly Target[],
  titles: Titles,
): string {
  const sections: [string, string][] = [
    ...(comparison === undefined ? [] : describeComparison(comparison, titles)),
    ['Notes, 16 users at once', describeCases(notes ?? [], titles)],
    ['Cold start, as the Functions worker loads it', describeColdStart(coldStart ?? [])],
    ['Verification of the token, one call at a time', describeCases(verification ?? [], titles)],
    ['Targets', describeTargets(targets)],
  ];
  return sections
    .filter(([, table]) => table !== '')
    .map(([title, table]) => `### ${title}\n\n${table}`)
    .join('\n\n');
}
