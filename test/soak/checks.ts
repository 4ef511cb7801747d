import { users } from '../../dev/entra/directory.ts';
import type { UserName } from '../../dev/oauth-client/raw-oauth.ts';
import { dumpTable, openTableOf, type DumpedRow } from '../support/table-dump.ts';
import type { Ledger } from './ledger.ts';

function partitionOf(user: UserName): string {
  return `${users[user].tenantId}:${users[user].oid}`;
}

function textOf({ text }: DumpedRow): string[] {
  return text instanceof Uint8Array ? [Buffer.from(text).toString()] : [];
}

/** Holds what is stored against what people were told. */
export async function checkNotes(
  ledger: Ledger,
  environment: NodeJS.ProcessEnv,
  people: readonly UserName[],
): Promise<void> {
  const rows = await dumpTable(openTableOf(environment, 'Notes'));
  for (const user of people) {
    const own = rows.filter(({ partitionKey }) => partitionKey === partitionOf(user));
    const texts = own.flatMap(textOf);
    const counted = Number(own.find(({ rowKey }) => rowKey === 'count')?.count ?? 0);
    if (counted !== texts.length)
      ledger.violate(`${user} has ${texts.length} notes, and the counter says ${counted}`);
    checkTexts(ledger, user, texts);
  }
}

/** Holds the texts of a person's notes against what that person was told. */
export function checkTexts(ledger: Ledger, user: UserName, texts: readonly string[]): void {
  const times = Map.groupBy(texts, (text) => text);
  for (const [text, entry] of ledger.notes) {
    const found = times.get(text)?.length ?? 0;
    if (entry.user !== user) {
      if (found > 0) ledger.violate(`${text} is among the notes of ${user}`);
      continue;
    }
    ledger.count('notes in the end', entry.fate);
    if (found > 1) ledger.violate(`${text} is there ${found} times`);
    if (entry.fate === 'saved' && found !== 1)
      ledger.violate(`${text} was saved and is there ${found} times`);
    if (entry.fate === 'deleted' && found !== 0) ledger.violate(`${text} was deleted and is there`);
  }
  for (const text of times.keys())
    if (!ledger.notes.has(text)) ledger.violate(`${text} is there and nobody wrote it`);
}

/** What no log may hold: mistakes in the code, and ends of a process. */
const mistakes =
  /"event":"(unexpected_failure|mcp_failure|adapter_failed|start_fault)"|internal_error|Unhandled/;

/** Holds against an instance what it printed. */
export function checkLog(ledger: Ledger, output: string): void {
  for (const line of output.split('\n'))
    if (mistakes.test(line)) ledger.violate(`in the log: ${line.slice(0, 400)}`);
}
