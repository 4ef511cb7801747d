import { eras, type Era } from '../calls.ts';
import type { CaseResult, ColdStart, Comparison, Measurements, MemoryResult, Target } from '../results.ts';

export function holds({ measured, limit }: Target): boolean {
  return measured <= limit;
}

/** Most CPU for one call, as a part of another server's. */
const cpuLimits = { 'mcp-handler': 0.4, 'sdk-2': 0.5, 'sdk-1': 0.4, bare: 1.4 } as const;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** CPU of a call of that server, microseconds: the mean over the numbers of connections. NaN where it did not run. */
export function meanCpu(calls: readonly CaseResult[], server: string, era: Era): number {
  const found = calls.filter((call) => call.server === server && call.era === era);
  return mean(found.map(({ cpuMicros }) => cpuMicros));
}

function p99Of(calls: readonly CaseResult[], server: string, era: Era): number {
  const isIt = (call: CaseResult) => call.server === server && call.era === era && call.connections === 16;
  return calls.find(isIt)?.p99Ms ?? NaN;
}

/** After so many calls memory is compared. */
export const memoryMarks = [50_000, 200_000] as const;

/** After so many calls, bytes; NaN where there were fewer. */
export function readMemory(memory: MemoryResult | undefined, calls: number, callsPerRound: number): number {
  return memory?.rssBytes[calls / callsPerRound - 1] ?? NaN;
}

function judgeCalls({ calls, memory, callsPerRound }: Comparison): Target[] {
  const targets = eras.flatMap((era): Target[] => [
    ...Object.entries(cpuLimits).map(([peer, limit]) => ({
      name: `CPU of a call, ${era}, against ${peer}`,
      measured: meanCpu(calls, 'ours', era) / meanCpu(calls, peer, era),
      limit,
      unit: '×' as const,
    })),
    {
      name: `p99 with 16 connections, ${era}, against sdk-2`,
      measured: p99Of(calls, 'ours', era) / p99Of(calls, 'sdk-2', era),
      limit: 0.5,
      unit: '×',
    },
  ]);
  const own = memory.find(({ server }) => server === 'ours');
  const [early, late] = memoryMarks.map((count) => readMemory(own, count, callsPerRound));
  const growth: Target = {
    name: 'growth of memory from call 50,000 to 200,000',
    measured: ((late ?? NaN) / (early ?? NaN) - 1) * 100,
    limit: 10,
    unit: '%',
  };
  return [...targets, growth];
}

/** The dearest stock against the cheapest, for each tool. */
function judgeNotes(notes: readonly CaseResult[]): Target[] {
  const byTool = Map.groupBy(notes, ({ scenario }) => scenario.split(',', 1).join());
  return [...byTool].map(([tool, results]) => {
    const costs = results.map(({ cpuMicros }) => cpuMicros);
    return {
      name: `CPU of ${tool}, 10 notes or 1,000 or 100,000 rows`,
      measured: Math.max(...costs) / Math.min(...costs),
      limit: 1.2,
      unit: '×',
    };
  });
}

function judgeColdStart(starts: readonly ColdStart[]): Target[] {
  const find = (name: ColdStart['name']) => starts.find((start) => start.name === name);
  const own = find('package');
  const unbundled = find('unbundled');
  if (own === undefined || unbundled === undefined) return [];
  return [
    {
      name: 'cold start to the first answered call, against unbundled',
      measured: own.callMs / unbundled.callMs,
      limit: 0.4,
      unit: '×',
    },
    { name: 'the package', measured: own.bytes, limit: 2_500_000, unit: 'bytes' },
    { name: 'the package', measured: own.files, limit: 19, unit: 'files' },
  ];
}

/** Every target for which both numbers were measured. */
export function judge({ comparison, notes = [], coldStart = [] }: Measurements): Target[] {
  const all = [
    ...(comparison === undefined ? [] : judgeCalls(comparison)),
    ...judgeNotes(notes),
    ...judgeColdStart(coldStart),
  ];
  return all.filter(({ measured }) => !Number.isNaN(measured));
}
