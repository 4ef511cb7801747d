import { eras, type Era } from './calls.ts';
import type { CallResult, MemoryResult } from './rounds.ts';

/** What is wanted of a number, and what it is. */
export interface Target {
  readonly name: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: '×' | '%';
}

export function holds({ measured, limit }: Target): boolean {
  return measured <= limit;
}

/** Most CPU for one call, as a part of another server's. */
const cpuLimits = { 'mcp-handler': 0.4, 'sdk-2': 0.5, 'sdk-1': 0.4, bare: 1.4 } as const;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function cpuOf(calls: readonly CallResult[], server: string, era: Era): number {
  const found = calls.filter((call) => call.server === server && call.era === era);
  return mean(found.map(({ cpuMicros }) => cpuMicros));
}

function p99Of(calls: readonly CallResult[], server: string, era: Era): number {
  const isIt = (call: CallResult) => call.server === server && call.era === era && call.connections === 16;
  return calls.find(isIt)?.p99Ms ?? NaN;
}

/** Those of `tools/call`, for the servers that ran. */
export function judgeCalls(calls: readonly CallResult[], memory: readonly MemoryResult[]): Target[] {
  const targets = eras.flatMap((era): Target[] => [
    ...Object.entries(cpuLimits).map(([peer, limit]) => ({
      name: `CPU of a call, ${era}, against ${peer}`,
      measured: cpuOf(calls, 'ours', era) / cpuOf(calls, peer, era),
      limit,
      unit: '×' as const,
    })),
    {
      name: `p99 with 16 connections, ${era}, against sdk-2`,
      measured: p99Of(calls, 'ours', era) / p99Of(calls, 'sdk-2', era),
      limit: 0.5,
      unit: '×',
    },
  ]);
  const growth = memory
    .filter(({ server }) => server === 'ours')
    .map(({ afterFirstRound, afterLastRound }): Target => ({
      name: 'growth of memory from request 50,000 to 200,000',
      measured: (afterLastRound / afterFirstRound - 1) * 100,
      limit: 10,
      unit: '%',
    }));
  return [...targets, ...growth].filter(({ measured }) => !Number.isNaN(measured));
}
