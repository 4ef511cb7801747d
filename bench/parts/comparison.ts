import { createOwnEnvironment, createPeerEnvironment, requestToken } from '../backends.ts';
import { createExchange, describeAdd, describeDiscovery, type Exchange } from '../calls.ts';
import { addressCall, type Contender } from '../contenders.ts';
import {
  runRounds,
  type Case,
  type CaseResult,
  type MemoryResult,
  type Plan,
  type Subject,
} from '../rounds.ts';
import type { ServerProcess } from '../server-process.ts';
import { startBenchServer, type Setting } from '../setting.ts';
import { checkRefusal } from './refusal.ts';

/** `tools/call add`: in its last round the process has answered 200,000 of them. */
const callPlan: Plan = { rounds: 4, callsPerRound: 50_000, warmUpCalls: 4_000 };
const discoveryPlan: Plan = { rounds: 3, callsPerRound: 12_000, warmUpCalls: 1_000 };
const shortPlan: Plan = { rounds: 1, callsPerRound: 400, warmUpCalls: 16 };

export interface Comparison {
  readonly calls: readonly CaseResult[];
  readonly discovery: readonly CaseResult[];
  readonly memory: readonly MemoryResult[];
  /** After how many measured calls each memory was read. */
  readonly memoryCalls: readonly [number, number];
}

interface Running {
  readonly contender: Contender;
  readonly process: ServerProcess;
  readonly token: string;
}

async function start(contender: Contender, setting: Setting): Promise<Running> {
  const { backends, packageFolder } = setting;
  const isPeer = contender.kind === 'peer' || contender.kind === 'limit';
  const environment = isPeer ? createPeerEnvironment(backends) : await createOwnEnvironment(backends);
  const args = contender.kind === 'package' ? [packageFolder] : [];
  const process = await startBenchServer(setting, contender.file, environment, args);
  const token = await requestToken(backends);
  await checkRefusal(contender, process, token);
  return { contender, process, token };
}

function createCase({ contender, token }: Running, exchange: Exchange, connections: number): Case {
  const { era, method, params } = exchange;
  const makeCall = createExchange(exchange, () => token);
  const scenario = [method, ...(typeof params?.name === 'string' ? [params.name] : [])].join(' ');
  return { scenario, era, connections, path: '/mcp', makeCall: addressCall(contender, makeCall) };
}

function describeSubject(running: Running, cases: readonly Case[]): Subject {
  return { name: running.contender.name, process: running.process, cases };
}

async function compare(all: readonly Running[], { short, progress }: Setting): Promise<Comparison> {
  const plan = short ? shortPlan : callPlan;
  const callers = all.map((running) => {
    const exchanges = running.contender.eras.map(describeAdd);
    const cases = exchanges.flatMap((exchange) =>
      [16, 64].map((connections) => createCase(running, exchange, connections)),
    );
    return describeSubject(running, cases);
  });
  const { cases: calls, memory } = await runRounds(callers, plan, progress);
  const askers = all
    .filter(({ contender }) => contender.kind !== 'limit')
    .map((running) => {
      const exchanges = running.contender.eras.flatMap(describeDiscovery);
      return describeSubject(
        running,
        exchanges.map((exchange) => createCase(running, exchange, 16)),
      );
    });
  const { cases: discovery } = await runRounds(askers, short ? shortPlan : discoveryPlan, progress);
  const { rounds, callsPerRound } = plan;
  return { calls, discovery, memory, memoryCalls: [callsPerRound, rounds * callsPerRound] };
}

/** Calls every server as clients do, one after the other, each in a process of its own that lives through all of it. */
export async function runComparison(contenders: readonly Contender[], setting: Setting): Promise<Comparison> {
  const running: Running[] = [];
  try {
    for (const contender of contenders) running.push(await start(contender, setting));
    return await compare(running, setting);
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()));
  }
}
