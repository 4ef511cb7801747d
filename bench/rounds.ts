import { measureCase, summarize, type Subject } from './measure.ts';
import type { CaseResult, MemoryResult } from './results.ts';

/** How much is called of one server in one round, its cases sharing that alike. */
export interface Plan {
  readonly rounds: number;
  /** Before the others and not measured: while the other servers had their turns, Node.js has thrown its code away. */
  readonly warmUpCalls: number;
  readonly callsPerRound: number;
}

export interface RoundsResult {
  readonly cases: readonly CaseResult[];
  readonly memory: readonly MemoryResult[];
}

/** Another one first in every round, so that none always comes after the same. */
function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/**
 * Calls every server in turn, round after round, so that a noisy minute hits all of them. Each process lives through
 * all rounds: its memory is read after each. Rejects with the first wrong answer.
 */
export async function runRounds(
  subjects: readonly Subject[],
  { rounds, callsPerRound, warmUpCalls }: Plan,
  progress: (text: string) => void,
): Promise<RoundsResult> {
  const samples: CaseResult[] = [];
  const memory = subjects.map(({ name }) => ({ server: name, rssBytes: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of rotate(subjects, round)) {
      const { name, process, cases } = subject;
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      for (const which of cases) await measureCase(subject, which, warmUpCalls / cases.length);
      for (const which of cases) {
        samples.push(await measureCase(subject, which, callsPerRound / cases.length));
      }
      const { rssBytes } = await process.usage();
      memory.find(({ server }) => server === name)?.rssBytes.push(rssBytes);
    }
  }
  const orderOf = ({ server }: CaseResult) => subjects.findIndex(({ name }) => name === server);
  return { cases: summarize(samples).sort((a, b) => orderOf(a) - orderOf(b)), memory };
}
