import type { Era, MakeCall } from './calls.ts';
import { runLoad } from './load.ts';
import type { CaseResult } from './results.ts';
import type { ServerProcess } from './server-process.ts';

/** One thing to measure of a server. */
export interface Case {
  readonly scenario: string;
  readonly era?: Era;
  readonly connections: number;
  readonly path: string;
  readonly makeCall: MakeCall;
}

/** A server that runs, and what to measure of it. */
export interface Subject {
  readonly name: string;
  readonly process: ServerProcess;
  readonly cases: readonly Case[];
}

/** Runs one case of a server. Rejects with the first wrong answer. */
export async function measureCase(
  { name, process }: Omit<Subject, 'cases'>,
  which: Case,
  calls: number,
): Promise<CaseResult> {
  const { scenario, era, connections, path, makeCall } = which;
  const before = await process.usage();
  const load = { origin: process.origin, path, connections, calls, makeCall };
  const result = await runLoad(load).catch((cause: unknown) => {
    throw new Error(`${name}, ${scenario}, ${connections} connections: ${String(cause)}`, { cause });
  });
  const after = await process.usage();
  return {
    server: name,
    scenario,
    ...(era !== undefined && { era }),
    connections,
    ...result,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / calls,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** For each case of each server, the medians of its samples. */
export function summarize(samples: readonly CaseResult[]): CaseResult[] {
  const identify = ({ server, scenario, era, connections }: CaseResult) =>
    [server, scenario, era, connections].join();
  return [...Map.groupBy(samples, identify).values()].map((group) => {
    const [{ server, scenario, era, connections }] = group as [CaseResult, ...CaseResult[]];
    return {
      server,
      scenario,
      ...(era !== undefined && { era }),
      connections,
      perSecond: median(group.map(({ perSecond }) => perSecond)),
      p50Ms: median(group.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(group.map(({ p99Ms }) => p99Ms)),
      cpuMicros: median(group.map(({ cpuMicros }) => cpuMicros)),
    };
  });
}
