import { requestUserToken } from '../../dev/oauth-client/entra-tokens.ts';
import { obtainTokens } from '../../dev/oauth-client/raw-oauth.ts';
import { createOwnEnvironment, createPeerEnvironment } from '../backends.ts';
import { createExchange, describeAdd, describeDiscovery, type Exchange } from '../calls.ts';
import { addressCall, type Contender } from '../contenders.ts';
import type { Case, Subject } from '../measure.ts';
import type { Comparison } from '../results.ts';
import { runRounds, type Plan } from '../rounds.ts';
import { startProxyServer } from '../proxy-server.ts';
import type { ServerProcess } from '../server-process.ts';
import { startBenchServer, type Setting } from '../setting.ts';
import { checkRefusal } from './refusal.ts';

/** `tools/call add`: in the end each process has answered 200,000 of them, those included with which it got warm. */
const callPlan: Plan = { rounds: 4, warmUpCalls: 10_000, callsPerRound: 40_000 };
const discoveryPlan: Plan = { rounds: 2, warmUpCalls: 4_000, callsPerRound: 4_000 };
const shortPlan: Plan = { rounds: 1, warmUpCalls: 16, callsPerRound: 400 };

interface Running {
  readonly contender: Contender;
  readonly process: ServerProcess;
  readonly token: string;
}

/** With a token of its own, for which a person signs in. */
async function startProxy(setting: Setting): Promise<Omit<Running, 'contender'>> {
  const { process, publicBaseUrl } = await startProxyServer(setting);
  const { accessToken } = await obtainTokens(publicBaseUrl);
  return { process, token: accessToken };
}

async function startWithEntra(
  { kind, file }: Contender,
  setting: Setting,
): Promise<Omit<Running, 'contender'>> {
  const { backends, packageFolder } = setting;
  const isPeer = kind === 'peer' || kind === 'limit';
  const environment = isPeer ? createPeerEnvironment(backends) : await createOwnEnvironment(backends);
  const args = kind === 'package' ? [packageFolder] : [];
  const process = await startBenchServer(setting, file, environment, args);
  return { process, token: await requestUserToken(backends.entra.authority, 'alice') };
}

async function start(contender: Contender, setting: Setting): Promise<Running> {
  const started = contender.kind === 'proxy' ? startProxy(setting) : startWithEntra(contender, setting);
  const { process, token } = await started;
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
  return { calls, discovery, memory, callsPerRound: plan.warmUpCalls + plan.callsPerRound };
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
