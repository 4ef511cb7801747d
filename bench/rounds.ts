import type { Era, MakeCall } from './calls.ts';
import { runLoad } from './load.ts';
import type { ServerProcess } from './server-process.ts';

/** How much is called. */
export interface Plan {
  readonly rounds: number;
  /** For one server in one round, measured. */
  readonly callsPerRound: number;
  /** For each case of a server, before the first round, not measured. */
  readonly warmUpCalls: number;
}

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

/** One case of one server: medians of the rounds. */
export interface CaseResult {
  readonly server: string;
  readonly scenario: string;
  readonly era?: Era;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of the server's process for one call, microseconds. */
  readonly cpuMicros: number;
}

/** Resident memory of one server, bytes, after the measured calls of the first round and of all. */
export interface MemoryResult {
  readonly server: string;
  readonly afterFirstRound: number;
  readonly afterLastRound: number;
}

export interface RoundsResult {
  readonly cases: readonly CaseResult[];
  readonly memory: readonly MemoryResult[];
}

interface Sample extends CaseResult {
  readonly rssBytes: number;
}

async function measure({ name, process }: Subject, which: Case, calls: number): Promise<Sample> {
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
    rssBytes: after.rssBytes,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

function summarize(samples: readonly Sample[]): CaseResult[] {
  const identify = ({ server, scenario, era, connections }: CaseResult) =>
    [server, scenario, era, connections].join();
  return [...Map.groupBy(samples, identify).values()].map((group) => {
    const [{ server, scenario, era, connections }] = group as [Sample, ...Sample[]];
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

/** Another one first in every round, so that none always comes after the same. */
function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/**
 * Calls every server in turn, round after round, so that a noisy minute hits all of them. Each process lives through
 * all rounds: its memory is read after the first and after the last. Rejects with the first wrong answer.
 */
export async function runRounds(
  subjects: readonly Subject[],
  { rounds, callsPerRound, warmUpCalls }: Plan,
  progress: (text: string) => void,
): Promise<RoundsResult> {
  const samples: Sample[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const taken: Sample[] = [];
    for (const subject of rotate(subjects, round)) {
      progress(`round ${round + 1} of ${rounds}: ${subject.name}`);
      for (const which of subject.cases) {
        if (round === 0) await measure(subject, which, warmUpCalls);
        taken.push(await measure(subject, which, callsPerRound / subject.cases.length));
      }
    }
    samples.push(taken);
  }
  const rssAfter = (round: readonly Sample[] | undefined, name: string) =>
    round?.findLast(({ server }) => server === name)?.rssBytes ?? NaN;
  return {
    cases: subjects.flatMap(({ name }) => summarize(samples.flat().filter(({ server }) => server === name))),
    memory: subjects.map(({ name }) => ({
      server: name,
      afterFirstRound: rssAfter(samples.at(0), name),
      afterLastRound: rssAfter(samples.at(-1), name),
    })),
  };
}
