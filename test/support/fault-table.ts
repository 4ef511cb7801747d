import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerClient, signIn } from '../../dev/oauth-client/raw-oauth.ts';
import {
  prepareMaterial,
  probeNames,
  probes,
  signInAtEntra,
  type Material,
  type ProbeName,
  type Reply,
} from './fault-probes.ts';
import { faultRows, type Dependency, type FaultRow } from './fault-rows.ts';
import { startFaultWorld, type FaultWorld, type FaultyServer } from './fault-world.ts';
import { dumpTable, openTableOf } from './table-dump.ts';

/** What cannot be served, and what is said instead. */
type Missing = Readonly<Partial<Record<ProbeName, string>>>;

const noSecrets = '503 secrets_unavailable';

/** What needs a secret of the vault, which only the managed identity can read. */
export const secretUsers: Missing = {
  'public keys': noSecrets,
  'call with our token': noSecrets,
  refresh: noSecrets,
  redemption: noSecrets,
  registration: noSecrets,
  'authorization request': '503 page',
  'way back from Entra': '503 page',
};

/** How the routes use a dependency. */
export interface DependencyUse {
  readonly dependency: Dependency;
  /** What an instance that has asked nobody yet cannot serve without it. */
  readonly needs: Missing;
  /** What of that no instance can serve, whatever it knows. */
  readonly always: readonly ProbeName[];
  /** What a cold instance cannot serve either where connections are refused, because it is at the same address. */
  readonly refusedToo?: Missing;
  /** Age of what a warm instance knows and still goes by, milliseconds. */
  readonly ageMs: number;
  /** Whether accounts were confirmed since, so that nobody has to ask Entra about them. */
  readonly confirmed?: boolean;
  /** A request by which tries are counted; and which of those that it causes, by their path. */
  readonly counted: { readonly probe: ProbeName; readonly path?: string };
  /** As in `startFaultWorld`. */
  readonly coldAsProcesses?: boolean;
}

type Replies = ReadonlyMap<ProbeName, Reply & { readonly ms: number }>;

/** A world in which things fail, and what is asked of it. */
interface Scene {
  readonly use: DependencyUse;
  readonly world: FaultWorld;
  material: Material;
}

/** Used up by one of the instances. */
const coldOnly: readonly ProbeName[] = ['redemption', 'way back from Entra', 'listing notes'];
const warmNames = probeNames.filter((name) => !coldOnly.includes(name));
/** What a warm instance has done before. */
const warming: readonly ProbeName[] = [
  "call with Entra's token",
  'call with our token',
  'listing notes',
  'public keys',
];
/** A busy machine may take so much longer, milliseconds: this only tells an end from none. */
const slackMs = 20_000;

async function askAll(
  server: FaultyServer,
  names: readonly ProbeName[],
  material: Material,
): Promise<Replies> {
  const replies = names.map(async (name) => {
    const startedAt = performance.now();
    const reply = await probes[name](server.url, material);
    return [name, { ...reply, ms: performance.now() - startedAt }] as const;
  });
  return new Map(await Promise.all(replies));
}

/** Each is answered as it has to be; every refusal says when to come back; no answer takes longer than the row says. */
function expectReplies(replies: Replies, missing: Missing, { answer, within }: FaultRow): void {
  const told = answer === 'served' ? {} : missing;
  const outcomes = [...replies].map(([name, { outcome }]) => [name, outcome]);
  const expected = [...replies.keys()].map((name) => [name, told[name] ?? 'served']);
  expect(outcomes).toEqual(expected);
  for (const [name, { outcome, retryAfter, ms }] of replies) {
    if (outcome.startsWith('503')) expect({ name, retryAfter }).toEqual({ name, retryAfter: 5 });
    expect(ms).toBeLessThan(within * 1_000 + slackMs);
  }
}

function expectServed(replies: Replies): void {
  expect([...replies].filter(([, { outcome }]) => outcome !== 'served')).toEqual([]);
}

/** What is used once is new; what was given out before has the age. */
async function setUp(scene: Scene): Promise<{ warm: FaultyServer; cold: FaultyServer }> {
  const { world, use } = scene;
  const { url } = world.home;
  scene.material = await prepareMaterial(url, scene.material);
  const warm = await world.startWarm();
  expectServed(await askAll(warm, warming, scene.material));
  await world.advance(use.ageMs);
  if (use.confirmed === true) expectServed(await askAll(world.home, ['refresh'], scene.material));
  scene.material.signedIn = await signIn(url, scene.material.client);
  scene.material.back = await signInAtEntra(url, scene.material.client);
  return { warm, cold: await world.startCold() };
}

/** Requests to the dependency that one request to a server causes. */
async function countTries(
  { use, material }: Scene,
  server: FaultyServer,
  met: () => readonly string[],
): Promise<number> {
  const { probe, path = '' } = use.counted;
  await askAll(server, [probe], material);
  return met().filter((candidate) => candidate.includes(path)).length;
}

async function expectRow(scene: Scene, row: FaultRow, warm: FaultyServer, cold: FaultyServer) {
  const { needs, always, refusedToo, dependency } = scene.use;
  const met = await scene.world.spoil(dependency, row.fault);
  if (row.tries !== undefined) expect(await countTries(scene, cold, met)).toBe(row.tries);
  const [ofCold, ofWarm] = await Promise.all([
    askAll(cold, probeNames, scene.material),
    askAll(warm, warmNames, scene.material),
  ]);
  expectReplies(ofCold, row.fault === 'connection refused' ? { ...needs, ...refusedToo } : needs, row);
  expectReplies(ofWarm, Object.fromEntries(always.map((name) => [name, needs[name] ?? ''])), row);
}

/** Everyone is served who waited as long as the answers said. */
async function expectRecovery({ world, use, material }: Scene, cold: FaultyServer): Promise<void> {
  await world.mend(use.dependency);
  await world.advance(5_000);
  material.back = await signInAtEntra(world.home.url, material.client);
  const needing = probeNames.filter((name) => name in use.needs);
  expectServed(await askAll(cold, needing, material));
}

async function runRow(scene: Scene, row: FaultRow): Promise<void> {
  const { warm, cold } = await setUp(scene);
  try {
    await expectRow(scene, row, warm, cold);
    await expectRecovery(scene, cold);
  } finally {
    await scene.world.mend(row.dependency);
    await Promise.all([warm.stop(), cold.stop()]);
  }
}

async function expectNotes({ world, material }: Scene): Promise<void> {
  const rows = await dumpTable(openTableOf(world.environment, 'Notes'));
  const texts = rows.flatMap(({ text }) =>
    text instanceof Uint8Array ? [Buffer.from(text).toString()] : [],
  );
  expect(texts).toHaveLength(new Set(texts).size);
  expect(material.saved.size).toBeGreaterThan(0);
  expect([...material.saved].filter((text) => !texts.includes(text))).toEqual([]);
  expect(rows.find(({ rowKey }) => rowKey === 'count')).toMatchObject({ count: texts.length });
}

/** One dependency's rows of the table in docs/reliability.md, each a test, and a test of what all of them left. */
export function describeFaults(use: DependencyUse): void {
  const rows = faultRows.filter((row) => row.dependency === use.dependency);
  let scene: Scene;

  beforeAll(async () => {
    const world = await startFaultWorld(use);
    const client = await registerClient(world.home.url);
    const entraToken = await world.mintToken();
    const material = await prepareMaterial(world.home.url, { client, entraToken, saved: new Set() });
    scene = { use, world, material };
  });
  afterAll(() => scene.world.stop());

  describe(`${use.dependency}, out of order`, () => {
    it.each(rows)(
      '$fault: who needs it is told in time, who does not is served, and afterwards everyone is',
      (row) => runRow(scene, row),
    );

    it('leaves every note that was said to be saved, once', () => expectNotes(scene));
  });
}
