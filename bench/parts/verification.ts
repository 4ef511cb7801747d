import { createOwnEnvironment, mintToken } from '../backends.ts';
import { createExchange, describeAdd, type Era } from '../calls.ts';
import type { Case, Subject } from '../measure.ts';
import { noSignIn, type CaseResult } from '../results.ts';
import { runRounds, type Plan } from '../rounds.ts';
import { startBenchServer, type Setting } from '../setting.ts';
import { objectIdOf } from './note-rows.ts';
import { warmUp } from './warm-up.ts';

const era: Era = '2026-07-28';

/** One call after the other: what is seen is what a client waits, and nothing that queues. */
function createCase(scenario: string, chooseToken: () => string): Case {
  const makeCall = createExchange(describeAdd(era), chooseToken);
  return { scenario, era, connections: 1, path: '/mcp', makeCall };
}

/** Turns so short that the servers stay warm. */
const fullPlan: Plan = { rounds: 10, warmUpCalls: 40, callsPerRound: 200 };
const shortPlan: Plan = { rounds: 1, warmUpCalls: 10, callsPerRound: 40 };

/** As many tokens as calls that must not have seen theirs before. */
async function mintTokens({ backends }: Setting, { rounds, callsPerRound, warmUpCalls }: Plan) {
  const tokens: string[] = [];
  const count = (rounds * (warmUpCalls + callsPerRound)) / 2;
  while (tokens.length < count) tokens.push(await mintToken(backends, objectIdOf(1)));
  return tokens;
}

/** Every token once; and again those that came last, as many as a round has. */
function createTokenCases(tokens: readonly string[], again: number): Case[] {
  let seen = 0;
  let repeated = 0;
  return [
    createCase('token seen first', () => {
      seen += 1;
      return tokens[seen - 1] ?? '';
    }),
    createCase('token seen before', () => {
      repeated += 1;
      return tokens[seen - 1 - (repeated % Math.min(again, seen))] ?? '';
    }),
  ];
}

/** `tools/call add` with a token never seen, with one seen before, and with sign-in switched off. */
export async function runVerification(setting: Setting): Promise<readonly CaseResult[]> {
  const plan = setting.short ? shortPlan : fullPlan;
  const [required, open] = await Promise.all([
    createOwnEnvironment(setting.backends),
    createOwnEnvironment(setting.backends, { AUTH_REQUIRED: 'false' }),
  ]);
  setting.progress('token verification');
  const tokens = await mintTokens(setting, plan);
  const ours = await startBenchServer(setting, 'ours.ts', required);
  const without = await startBenchServer(setting, 'ours.ts', open);
  const subjects: Subject[] = [
    { name: 'ours', process: ours, cases: createTokenCases(tokens, plan.callsPerRound / 2) },
    {
      name: 'this server, AUTH_REQUIRED=false',
      process: without,
      cases: [createCase(noSignIn, () => 'none')],
    },
  ];
  try {
    const token = await mintToken(setting.backends, objectIdOf(1));
    for (const { process } of subjects) await warmUp(process, token, setting.short);
    return (await runRounds(subjects, plan, setting.progress)).cases;
  } finally {
    await Promise.all([ours.stop(), without.stop()]);
  }
}
