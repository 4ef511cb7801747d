import { eras } from '../calls.ts';
import {
  noSignIn,
  type CaseResult,
  type Circumstances,
  type ColdStart,
  type Comparison,
  type Results,
  type Target,
} from '../results.ts';
import { createTable, formatNumber, type Cell } from './markdown.ts';
import { holds, memoryMarks, readMemory } from './targets.ts';

/** By server's name, what it is. */
type Titles = Circumstances['servers'];

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

function describeMemory({ memory, callsPerRound }: Comparison, titles: Titles): string {
  const counts = memoryMarks.filter((calls) => !Number.isNaN(readMemory(memory[0], calls, callsPerRound)));
  if (counts.length === 0) return '';
  const rows = memory.map((one) => [
    titles[one.server] ?? one.server,
    ...counts.map((calls) => Math.round(readMemory(one, calls, callsPerRound) / 1e6)),
  ]);
  return createTable(['Server', ...counts.map((calls) => `MB after ${formatNumber(calls)} calls`)], rows);
}

/** A row for each case. */
function describeCases(cases: readonly CaseResult[], titles: Titles): string {
  const rows = cases.map((result) => [
    result.scenario,
    result.era ?? '',
    titles[result.server] ?? result.server,
    ...listMeasures(result),
  ]);
  return createTable(['', 'Revision', 'Server', ...measures], rows);
}

function describeDiscovery(discovery: readonly CaseResult[], titles: Titles): string {
  const byMethod = Map.groupBy(discovery, ({ scenario, era }) => `${era ?? ''} ${scenario}`);
  return describeCases([...byMethod.values()].flat(), titles);
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
  const { calls, discovery } = comparison;
  return [
    ...eras.map((era): [string, string] => [
      `\`tools/call add\`, ${era}, by number of connections`,
      describeCallsOf(
        calls.filter((call) => call.era === era),
        titles,
      ),
    ]),
    ['Resident memory', describeMemory(comparison, titles)],
    ['Tools and discovery, 16 connections', describeDiscovery(discovery, titles)],
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

/** What the token adds to a call: the rest is what the same call takes with sign-in switched off. */
function describeVerification(cases: readonly CaseResult[]): string {
  const base = cases.find(({ scenario }) => scenario === noSignIn)?.p50Ms ?? NaN;
  const rows = cases.map(({ scenario, p50Ms, p99Ms, cpuMicros }) => [
    scenario,
    p50Ms,
    p99Ms,
    cpuMicros,
    (p50Ms - base) * 1_000,
  ]);
  return createTable(['', 'p50 ms', 'p99 ms', 'CPU µs', 'added to p50, µs'], rows);
}

function describeCircumstances({
  at,
  commit,
  node,
  system,
  cpu,
  cores,
  memoryBytes,
  pinned,
}: Circumstances): string {
  const machine = `${cores} × ${cpu}, ${formatNumber(memoryBytes / 1e9)} GB, ${system}`;
  const division = pinned ? 'server and load on a core each' : 'server and load on any core';
  return `Node.js ${node} on ${machine}; ${division}; commit ${commit}, ${at.slice(0, 10)}.`;
}

/** Everything that was measured, as Markdown: where, and a heading of the third level and a table for each part. */
export function describeResults(results: Results): string {
  const { circumstances, targets, comparison, notes, tokenEndpoint, coldStart, verification } = results;
  const titles = circumstances.servers;
  const sections: [string, string][] = [
    ...(comparison === undefined ? [] : describeComparison(comparison, titles)),
    ['Notes, one call at a time', describeCases(notes ?? [], titles)],
    ['Token endpoint, 16 connections', describeCases(tokenEndpoint ?? [], titles)],
    ['Cold start, as the Functions worker loads it', describeColdStart(coldStart ?? [])],
    ['Verification of the token, one call at a time', describeVerification(verification ?? [])],
    ['Targets', describeTargets(targets)],
  ];
  const tables = sections
    .filter(([, table]) => table !== '')
    .map(([title, table]) => `### ${title}\n\n${table}`);
  return [describeCircumstances(circumstances), ...tables].join('\n\n');
}
