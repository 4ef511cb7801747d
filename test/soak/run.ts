/**
 * `npm run soak -- [--minutes 10] [--seed 1]`: people sign in, call tools, refresh and leave, on two instances of the
 * server whose every dependency fails now and then, whose keys change and which are killed. In the end everything that
 * anybody was told must hold. Exit code 1 where it does not.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { readArguments } from '../../dev/arguments.ts';
import { trustCertificates } from '../../dev/trust.ts';
import type { UserName } from '../../dev/oauth-client/raw-oauth.ts';
import { runScript } from '../../scripts/lib/run-script.ts';
import { describeProxies, startProxies, stopProxies } from '../support/fault-proxies.ts';
import globalSetup from '../support/global-setup.ts';
import globalTeardown from '../support/global-teardown.ts';
import { startCluster, type Cluster, type Instance } from '../support/instances.ts';
import { createChaos, type Chaos } from './chaos.ts';
import { checkLog, checkNotes } from './checks.ts';
import { startSoakClient, type SoakClient } from './client.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createRandom, type Random } from './random.ts';
import { describeSoak } from './report.ts';
import { createTroubles, type Troubles } from './troubles.ts';

const usage = 'npm run soak -- [--minutes 10] [--seed 1]';
const optionsSchema = z.object({
  minutes: z.coerce.number().positive().max(30).default(10),
  seed: z.coerce.number().int().default(1),
});

const people: readonly UserName[] = ['alice', 'bob'];
const clientsEach = 3;
/** By how much an instance may grow after it has warmed up, bytes. */
const maxGrowth = 16 * 1_048_576;

async function keepActing(client: SoakClient, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await client.act();
    await delay(random.between(20, 200));
  }
}

/** Strikes at the least, however slow the machine is. */
const minStrikes = 3;

/** Strikes until the end, and measures the instance that is spared from a third of the time on. */
async function keepStriking(chaos: Chaos, cluster: Cluster, lastsMs: number) {
  const startedAt = Date.now();
  const elapsed = () => Date.now() - startedAt;
  let before: { readonly instance: Instance; readonly bytes: number } | undefined;
  for (let strikes = 1; before === undefined || elapsed() < lastsMs; strikes += 1) {
    const isLate = strikes >= minStrikes && elapsed() > lastsMs / 3;
    await chaos.strike(isLate);
    if (isLate && before === undefined) {
      const [instance] = cluster.instances;
      before = { instance, bytes: await instance.memory() };
    }
  }
  return before;
}

function startClients(base: string, ledger: Ledger, troubles: Troubles, seed: number): Promise<SoakClient[]> {
  const names = people.flatMap((user) =>
    Array.from({ length: clientsEach }, (_, index) => ({ user, index })),
  );
  return Promise.all(
    names.map(({ user, index }, order) =>
      startSoakClient({
        base,
        user,
        name: String(index),
        ledger,
        troubles,
        random: createRandom(seed + 1 + order),
      }),
    ),
  );
}

async function soak({ minutes, seed }: z.infer<typeof optionsSchema>): Promise<Ledger> {
  const [ledger, troubles] = [createLedger(), createTroubles()];
  const proxies = await startProxies();
  const cluster = await startCluster({ ...describeProxies(proxies), LOG_LEVEL: 'warn' }, [
    proxies.certificate,
  ]);
  const vault = globalThis.sharedServices?.vault;
  if (vault === undefined) throw new Error('there is no vault');
  try {
    let isOver = false;
    const clients = await startClients(cluster.url, ledger, troubles, seed);
    const chaos = createChaos({
      cluster,
      proxies,
      vault,
      ledger,
      troubles,
      random: createRandom(seed),
    });
    const acting = clients.map((client, index) =>
      keepActing(client, createRandom(seed + 100 + index), () => isOver),
    );
    const striking = keepStriking(chaos, cluster, minutes * 60_000).finally(() => (isOver = true));
    const [before] = await Promise.all([striking, ...acting]);
    await checkEnd(ledger, cluster, before);
    if (ledger.violations.length > 0) keepLogs(cluster);
  } finally {
    await cluster.stop();
    await stopProxies(proxies);
  }
  return ledger;
}

/** Where somebody has to find out what happened. */
function keepLogs(cluster: Cluster): void {
  const file = join(mkdtempSync(join(tmpdir(), 'soak-')), 'instances.log');
  writeFileSync(file, cluster.outputs().join('\n'));
  console.error(`The logs of all instances are in ${file}`);
}

async function checkEnd(
  ledger: Ledger,
  cluster: Cluster,
  before: Awaited<ReturnType<typeof keepStriking>>,
): Promise<void> {
  for (const output of cluster.outputs()) checkLog(ledger, output);
  await checkNotes(ledger, cluster.environment, people);
  const growth = (await before.instance.memory()) - before.bytes;
  ledger.remark(`An instance grew by ${(growth / 1_048_576).toFixed(1)} MiB in two thirds of the time.`);
  if (growth > maxGrowth) ledger.violate(`an instance grew by ${growth} bytes`);
}

const options = readArguments((args) => {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string' }, seed: { type: 'string' } },
  });
  return optionsSchema.parse(values);
}, usage);

await runScript(async () => {
  await globalSetup();
  trustCertificates(process.env.TEST_KEY_VAULT_CERTIFICATE ?? '');
  try {
    const ledger = await soak(options);
    console.log(
      describeSoak(ledger, [`${options.minutes} minutes, seed ${options.seed}, Node ${process.version}.`]),
    );
    if (ledger.violations.length > 0) process.exitCode = 1;
  } finally {
    await globalTeardown();
  }
});
