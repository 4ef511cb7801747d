import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerClient } from '../../dev/oauth-client/raw-oauth.ts';
import { prepareFresh, prepareLasting, comeBackFromEntra, type Material } from './fault-material.ts';
import { dependentNames, independentNames, probes, type ProbeName, type Reply } from './fault-probes.ts';
import { faultRows, spoilsBodies, type Dependency, type FaultRow } from './fault-rows.ts';
import { startFaultWorld, type FaultWorld, type FaultyServer } from './fault-world.ts';
import { dumpTable, openTableOf } from './table-dump.ts';

/** What cannot be served, and what is said instead. */
type Missing = Readonly<Partial<Record<ProbeName, string>>>;

const noSecrets = '503 secrets_unavailable';

/** What needs a secret of the vault, which only the managed identity can read. */
export const secretUsers: Missing = {
  'GET /health': noSecrets,
  'public keys': noSecrets,
  'call with our token': noSecrets,
  refresh: noSecrets,
  redemption: noSecrets,
  revocation: noSecrets,
  registration: noSecrets,
  'authorization request': '503 page',
  'consent page': '503 page',
  'consent given': '503 page',
  'way back from Entra': '503 page',
  'sign-in page': '503 page',
  'signing out': '503 page',
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
  /** What a spoiled body does not keep from being served, because the answer that it waits for has none. */
  readonly bodiless?: readonly ProbeName[];
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
  readonly material: Material;
}

/** Used up by one of the instances. */
const coldOnly: readonly ProbeName[] = ['redemption', 'way back from Entra', 'signing out'];
const warmNames = dependentNames.filter((name) => !coldOnly.includes(name));
/** What a warm instance has done before. */
const warming: readonly ProbeName[] = [
  "call with Entra's token",
  'call with our token',
  'listing notes',
  'public keys',
  'sign-in page',
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
    const reply = await probes[name].ask(server.url, material);
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

function listRefused(replies: Replies): readonly ProbeName[] {
  return [...replies].flatMap(([name, { outcome }]) => (outcome === 'served' ? [] : [name]));
}

function expectServed(replies: Replies): void {
  expect([...replies].filter(([, { outcome }]) => outcome !== 'served')).toEqual([]);
}

/** All is new but what is to be ended; what lasts has the age. */
async function setUp({ world, use, material }: Scene): Promise<{ warm: FaultyServer; cold: FaultyServer }> {
  const { url } = world.home;
  const { refreshToken, shown } = material;
  Object.assign(material, await prepareLasting(url, material.client), { spare: { refreshToken, shown } });
  const warm = await world.startWarm();
  expectServed(await askAll(warm, warming, material));
  await world.advance(use.ageMs);
  if (use.confirmed === true) expectServed(await askAll(world.home, ['refresh'], material));
  Object.assign(material, await prepareFresh(url, material.client));
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

/**
 * What needs nothing is served, by a server that does not even ask: no clock has to tell whether it waited. A warm one
 * may write down still, behind its answers, who has called it.
 */
async function expectIndependence({ material }: Scene, server: FaultyServer, met: () => readonly string[]) {
  expectServed(await askAll(server, independentNames, material));
  expect(met().filter((path) => !path.includes('Sessions'))).toEqual([]);
}

/** What an instance that has asked nobody yet cannot serve. */
function listMissing({ needs, refusedToo, bodiless = [] }: DependencyUse, { fault }: FaultRow): Missing {
  if (fault === 'connection refused') return { ...needs, ...refusedToo };
  const served = spoilsBodies.includes(fault) ? bodiless : [];
  return { ...needs, ...Object.fromEntries(served.map((name) => [name, 'served'])) };
}

/** @returns what each has refused */
async function expectRow(scene: Scene, row: FaultRow, warm: FaultyServer, cold: FaultyServer) {
  const { needs, always, dependency } = scene.use;
  const met = await scene.world.spoil(dependency, row.fault);
  await expectIndependence(scene, cold, met);
  if (row.tries !== undefined) expect(await countTries(scene, cold, met)).toBe(row.tries);
  const [ofCold, ofWarm] = await Promise.all([
    askAll(cold, dependentNames, scene.material),
    askAll(warm, warmNames, scene.material),
  ]);
  expectReplies(ofCold, listMissing(scene.use, row), row);
  expectReplies(ofWarm, Object.fromEntries(always.map((name) => [name, needs[name] ?? ''])), row);
  return new Map([
    [cold, listRefused(ofCold)],
    [warm, listRefused(ofWarm)],
  ]);
}

/** Everyone is served who waited as long as the answers said, where they were refused. */
async function expectRecovery(
  { world, use, material }: Scene,
  refused: ReadonlyMap<FaultyServer, readonly ProbeName[]>,
): Promise<void> {
  await world.mend(use.dependency);
  await world.advance(5_000);
  material.back = await comeBackFromEntra(world.home.url, material.client);
  const replies = [...refused].map(([server, names]) => askAll(server, names, material));
  for (const ofServer of await Promise.all(replies)) expectServed(ofServer);
}

/** What was said to be ended, before or after the fault, has ended. */
async function expectEnded({ material }: Scene, server: FaultyServer): Promise<void> {
  const replies = await askAll(server, ['refresh', 'sign-in page'], { ...material, ...material.spare });
  expect([...replies].map(([name, { outcome }]) => [name, outcome])).toEqual([
    ['refresh', '400 invalid_grant'],
    ['sign-in page', '303 page'],
  ]);
}

async function runRow(scene: Scene, row: FaultRow): Promise<void> {
  const { warm, cold } = await setUp(scene);
  try {
    const refused = await expectRow(scene, row, warm, cold);
    await expectRecovery(scene, refused);
    await expectEnded(scene, cold);
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
    const { url } = world.home;
    const client = await registerClient(url);
    const entraToken = await world.mintToken();
    const lasting = await prepareLasting(url, client);
    const fresh = await prepareFresh(url, client);
    scene = {
      use,
      world,
      material: { client, entraToken, saved: new Set(), ...lasting, ...fresh, spare: lasting },
    };
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
