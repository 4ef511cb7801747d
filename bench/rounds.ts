import { createAddCall, type Era } from './calls.ts';
import type { Contender } from './contenders.ts';
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

export const connectionCounts = [16, 64] as const;

/** `tools/call add` of one server: medians of the rounds. */
export interface CallResult {
  readonly server: string;
  readonly era: Era;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of the server's process for one call, microseconds. */
  readonly cpuMicros: number;
}

/** Resident memory of one server, bytes, after so many measured calls. */
export interface MemoryResult {
  readonly server: string;
  readonly afterFirstRound: number;
  readonly afterLastRound: number;
}

export interface RunningContender {
  readonly contender: Contender;
  readonly process: ServerProcess;
  readonly token: string;
}

interface Case {
  readonly era: Era;
  readonly connections: number;
}

interface Sample extends CallResult {
  readonly rssBytes: number;
}

function listCases({ eras }: Contender): Case[] {
  return eras.flatMap((era) => connectionCounts.map((connections) => ({ era, connections })));
}

async function measure(
  { contender, process, token }: RunningContender,
  which: Case,
  calls: number,
): Promise<Sample> {
  const { era, connections } = which;
  const makeCall = createAddCall(era, token);
  const before = await process.usage();
  const result = await runLoad({
    origin: process.origin,
    path: '/mcp',
    connections,
    calls,
    makeCall: contender.forward?.(makeCall) ?? makeCall,
  }).catch((error: unknown) => {
    throw new Error(`${contender.name}, ${era}, ${connections} connections: ${String(error)}`, {
      cause: error,
    });
  });
  const after = await process.usage();
  return {
    server: contender.name,
    era,
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

function summarize(samples: readonly Sample[]): CallResult[] {
  const groups = Map.groupBy(samples, ({ server, era, connections }) => `${server} ${era} ${connections}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { server, era, connections } = first;
    return {
      server,
      era,
      connections,
      perSecond: median(group.map((sample) => sample.perSecond)),
      p50Ms: median(group.map((sample) => sample.p50Ms)),
      p99Ms: median(group.map((sample) => sample.p99Ms)),
      cpuMicros: median(group.map((sample) => sample.cpuMicros)),
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
  running: readonly RunningContender[],
  { rounds, callsPerRound, warmUpCalls }: Plan,
  progress: (text: string) => void,
): Promise<{ readonly calls: readonly CallResult[]; readonly memory: readonly MemoryResult[] }> {
  const samples: Sample[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const taken: Sample[] = [];
    for (const one of rotate(running, round)) {
      progress(`round ${round + 1} of ${rounds}: ${one.contender.title}`);
      const cases = listCases(one.contender);
      for (const which of cases) {
        if (round === 0) await measure(one, which, warmUpCalls);
        taken.push(await measure(one, which, callsPerRound / cases.length));
      }
    }
    samples.push(taken);
  }
  const rssAfter = (round: readonly Sample[] | undefined, name: string) =>
    round?.findLast(({ server }) => server === name)?.rssBytes ?? NaN;
  return {
    calls: summarize(samples.flat()),
    memory: running.map(({ contender: { name } }) => ({
      server: name,
      afterFirstRound: rssAfter(samples.at(0), name),
      afterLastRound: rssAfter(samples.at(-1), name),
    })),
  };
}
