import { eras } from './calls.ts';
import { connectionCounts, type CallResult, type MemoryResult } from './rounds.ts';
import { holds, type Target } from './targets.ts';

type Cell = string | number;

/** A Markdown table; numbers stand on the right. */
export function createTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = head.map((_, column) => rows.every((row) => typeof row[column] !== 'string'));
  const line = (cells: readonly Cell[]) => `| ${cells.join(' | ')} |`;
  const rule = isNumber.map((right) => (right ? '---:' : '---'));
  return [line(head), line(rule), ...rows.map((row) => line(row))].join('\n');
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** By server's name, its title. */
export type Titles = ReadonlyMap<string, string>;

function titleOf(titles: Titles, server: string): string {
  return titles.get(server) ?? server;
}

function createCallTable(calls: readonly CallResult[], titles: Titles): string {
  const measures = ['req/s', 'p50 ms', 'p99 ms', 'CPU µs'];
  const head = connectionCounts.flatMap((count) => measures.map((measure) => `${measure}, ${count}`));
  const servers = [...new Set(calls.map(({ server }) => server))];
  const rows = servers.map((server) => {
    const cells = connectionCounts.flatMap((count): Cell[] => {
      const found = calls.find((call) => call.server === server && call.connections === count);
      return found === undefined
        ? ['', '', '', '']
        : [
            Math.round(found.perSecond),
            round(found.p50Ms, 2),
            round(found.p99Ms, 2),
            Math.round(found.cpuMicros),
          ];
    });
    return [titleOf(titles, server), ...cells];
  });
  return createTable(['Server', ...head], rows);
}

/** `tools/call add`, a table for each era; the columns are for 16 and for 64 connections. */
export function describeCalls(calls: readonly CallResult[], titles: Titles): string {
  return eras
    .map((era) => ({ era, found: calls.filter((call) => call.era === era) }))
    .filter(({ found }) => found.length > 0)
    .map(({ era, found }) => `tools/call add, ${era}\n\n${createCallTable(found, titles)}`)
    .join('\n\n');
}

export function describeMemory(
  memory: readonly MemoryResult[],
  titles: Titles,
  calls: readonly [number, number],
): string {
  const head = ['Server', ...calls.map((count) => `MB after ${count.toLocaleString('en')} calls`)];
  const rows = memory.map(({ server, afterFirstRound, afterLastRound }) => [
    titleOf(titles, server),
    ...[afterFirstRound, afterLastRound].map((bytes) => Math.round(bytes / 1e6)),
  ]);
  return `Resident memory\n\n${createTable(head, rows)}`;
}

export function describeTargets(targets: readonly Target[]): string {
  const rows = targets.map((target) => [
    target.name,
    `${round(target.measured, 2)} ${target.unit}`,
    `${target.limit} ${target.unit}`,
    holds(target) ? 'holds' : 'fails',
  ]);
  return `Targets\n\n${createTable(['Target', 'Measured', 'At most', ''], rows)}`;
}
