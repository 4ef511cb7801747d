import { createTables, type Tables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { createOwnEnvironment, mintToken } from '../backends.ts';
import { startPacedStorage, type PacedStorage } from '../paced-storage.ts';
import { createExchange, describeToolCall, type Era, type Exchange } from '../calls.ts';
import type { CaseResult } from '../results.ts';
import { runRounds } from '../rounds.ts';
import type { ServerProcess } from '../server-process.ts';
import { startBenchServer, type Setting } from '../setting.ts';
import { objectIdOf, writeNotes } from './note-rows.ts';
import { warmUp } from './warm-up.ts';

/** How many notes there are before a run. */
interface Stock {
  readonly name: string;
  readonly notesEach: number;
  /** Rows of other users in the same table. */
  readonly otherRows: number;
}

interface Amounts {
  readonly stocks: readonly Stock[];
  readonly saves: number;
  readonly gets: number;
  readonly warmUpCalls: number;
  /** More than Azurite takes with the most rows. */
  readonly paceMs: number;
}

const fullAmounts: Amounts = {
  // What is saved in a run comes on top: the last note of these users is their thousandth.
  stocks: [
    { name: '10 notes each', notesEach: 10, otherRows: 0 },
    { name: '1,000 notes each', notesEach: 979, otherRows: 0 },
    { name: '10 notes each, 100,000 rows', notesEach: 10, otherRows: 100_000 },
  ],
  saves: 320,
  gets: 800,
  warmUpCalls: 1_600,
  paceMs: 25,
};
const shortAmounts: Amounts = {
  stocks: [{ name: '10 notes each', notesEach: 10, otherRows: 1_000 }],
  saves: 160,
  gets: 160,
  warmUpCalls: 16,
  paceMs: 0,
};

const userCount = 16;
const users = Array.from({ length: userCount }, (_, index) => index);
/** With their notes a server gets warm. */
const otherUsers = users.map((user) => user + userCount);

const era: Era = '2026-07-28';
const noteText = 'x'.repeat(200);
const save = describeToolCall(era, 'save_user_note', { text: noteText }, ({ id }) => typeof id === 'string');
const get = describeToolCall(
  era,
  'get_user_notes',
  { limit: 10 },
  ({ notes }) => Array.isArray(notes) && notes.length === 10,
);

async function fill(tables: Tables, { notesEach, otherRows }: Stock): Promise<void> {
  await writeNotes(tables, users, notesEach);
  await writeNotes(tables, otherUsers, 10);
  // Each of these users has 99 notes and the row that counts them: one transaction.
  const strangers = Array.from({ length: otherRows / 100 }, (_, index) => 1_000 + index);
  await writeNotes(tables, strangers, 99);
}

interface Measured {
  readonly process: ServerProcess;
  readonly storage: PacedStorage;
  readonly stock: Stock;
}

async function measure({ process, storage, stock }: Measured, amounts: Amounts, setting: Setting) {
  const tokensOf = (people: readonly number[]) =>
    Promise.all(people.map((user) => mintToken(setting.backends, objectIdOf(user))));
  const [tokens, otherTokens] = await Promise.all([tokensOf(users), tokensOf(otherUsers)]);

  async function run(
    exchange: Exchange,
    bearers: readonly string[],
    calls: number,
  ): Promise<readonly CaseResult[]> {
    const makeCall = createExchange(exchange, (id) => bearers[id % bearers.length] ?? '');
    const scenario = `${String(exchange.params?.name)}, ${stock.name}`;
    const subject = {
      name: 'ours',
      process,
      cases: [{ scenario, era, connections: 1, path: '/mcp', makeCall }],
    };
    const plan = { rounds: 1, warmUpCalls: userCount, callsPerRound: calls };
    return (await runRounds([subject], plan, setting.progress)).cases;
  }

  await warmUp(process, otherTokens[0] ?? '', setting.short);
  for (const exchange of [get, save]) await run(exchange, otherTokens, amounts.warmUpCalls);
  storage.paceMs = amounts.paceMs;
  return [...(await run(get, tokens, amounts.gets)), ...(await run(save, tokens, amounts.saves))];
}

/**
 * Saves and lists notes, one call after the other for 16 users in turn, with few and with many rows in the table. Azurite
 * takes longer with many rows, as Table Storage does not: what tells about this server is its own time for a call, when
 * it waits for the storage as long in each case.
 */
export async function runNotes(setting: Setting): Promise<readonly CaseResult[]> {
  const amounts = setting.short ? shortAmounts : fullAmounts;
  const results: CaseResult[] = [];
  for (const [index, stock] of amounts.stocks.entries()) {
    setting.progress(`notes: ${stock.name}`);
    const environment = await createOwnEnvironment(setting.backends, { TABLE_PREFIX: `notes${index}` });
    await fill(createTables(loadConfig(environment).tables), stock);
    const storage = await startPacedStorage(setting.backends.azurite);
    const settings = { ...environment, TABLES_CONNECTION_STRING: storage.connectionString };
    try {
      const process = await startBenchServer(setting, 'ours.ts', settings);
      const measured = measure({ process, storage, stock }, amounts, setting);
      results.push(...(await measured.finally(() => process.stop())));
    } finally {
      await storage.stop();
    }
  }
  return results;
}
