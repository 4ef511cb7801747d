import { describe, expect, it } from '@jest/globals';
import { readOptions } from '../../bench/options.ts';
import { createTable } from '../../bench/report/markdown.ts';
import { describeResults } from '../../bench/report/tables.ts';
import { holds, judge } from '../../bench/report/targets.ts';
import type { CaseResult, Circumstances, ColdStart, Measurements } from '../../bench/results.ts';

function createCall(server: string, cpuMicros: number, changes: Partial<CaseResult> = {}): CaseResult {
  return {
    server,
    scenario: 'tools/call add',
    era: '2026-07-28',
    connections: 16,
    perSecond: 1_000,
    p50Ms: 1,
    p99Ms: 4,
    cpuMicros,
    ...changes,
  };
}

function compare(calls: readonly CaseResult[], rssBytes: readonly number[] = []): Measurements {
  const memory = [{ server: 'ours', rssBytes }];
  return { comparison: { calls, discovery: [], memory, callsPerRound: 25_000 } };
}

function find(measurements: Measurements, name: string) {
  const target = judge(measurements).find((one) => one.name === name);
  return target && { measured: target.measured, holds: holds(target) };
}

const circumstances: Circumstances = {
  at: '2026-08-01T12:00:00.000Z',
  commit: 'abc1234',
  node: 'v22.0.0',
  system: 'Linux 6 x64',
  cpu: 'Some CPU',
  cores: 2,
  memoryBytes: 8e9,
  pinned: true,
  servers: { ours: 'this server', bare: 'the limit' },
};

describe('the targets of the bench', () => {
  it('compare the CPU of a call, the mean over the numbers of connections, in each revision by itself', () => {
    const calls = [
      createCall('ours', 100),
      createCall('ours', 60, { connections: 64 }),
      createCall('mcp-handler', 200),
      createCall('mcp-handler', 200, { connections: 64 }),
      createCall('ours', 900, { era: '2025-11-25' }),
    ];
    expect(find(compare(calls), 'CPU of a call, 2026-07-28, against mcp-handler')).toEqual({
      measured: 0.4,
      holds: true,
    });
    const dearer = compare([...calls.slice(1), createCall('ours', 101)]);
    expect(find(dearer, 'CPU of a call, 2026-07-28, against mcp-handler')?.holds).toBe(false);
  });

  it('say nothing about what did not run', () => {
    expect(judge(compare([createCall('ours', 100)]))).toEqual([]);
    expect(judge({})).toEqual([]);
  });

  it('compare p99 with 16 connections', () => {
    const calls = [
      createCall('ours', 1, { p99Ms: 3 }),
      createCall('ours', 1, { p99Ms: 99, connections: 64 }),
      createCall('sdk-2', 1, { p99Ms: 5 }),
    ];
    expect(find(compare(calls), 'p99 with 16 connections, 2026-07-28, against sdk-2')).toEqual({
      measured: 0.6,
      holds: false,
    });
  });

  it('compare memory after the calls that they name, and not after others', () => {
    const name = 'growth of memory from call 50,000 to 200,000';
    const steady = [50, 100, 100, 100, 100, 100, 100, 110].map((megabytes) => megabytes * 1e6);
    expect(find(compare([], steady), name)?.measured).toBeCloseTo(10);
    expect(find(compare([], steady.slice(0, 7)), name)).toBeUndefined();
  });

  it('compare what one tool costs with few rows and with many', () => {
    const notes = [
      createCall('ours', 500, { scenario: 'save_user_note, 10 notes each' }),
      createCall('ours', 700, { scenario: 'save_user_note, 1,000 notes each' }),
      createCall('ours', 100, { scenario: 'get_user_notes, 10 notes each' }),
    ];
    const measured = judge({ notes }).map(({ name, measured }) => [name.split(',')[0], measured]);
    expect(measured).toEqual([
      ['CPU of save_user_note', 1.4],
      ['CPU of get_user_notes', 1],
    ]);
  });

  it('compare the start and the weight of the package', () => {
    const start = { healthMs: 1, modules: 1, rssBytes: 1 };
    const coldStart: ColdStart[] = [
      { ...start, name: 'package', callMs: 200, files: 20, bytes: 2_500_000 },
      { ...start, name: 'unbundled', callMs: 1_000, files: 9_000, bytes: 60_000_000 },
    ];
    expect(judge({ coldStart }).map((target) => [target.measured, holds(target)])).toEqual([
      [0.2, true],
      [2_500_000, true],
      [20, false],
    ]);
  });
});

describe('the tables of the bench', () => {
  it('put numbers on the right, with no more digits than tell something', () => {
    expect(
      createTable(
        ['Server', 'ms'],
        [
          ['a', 1.23456],
          ['b', 98_765.4],
        ],
      ),
    ).toBe(['| Server | ms |', '| --- | ---: |', '| a | 1.23 |', '| b | 98,765 |'].join('\n'));
  });

  it('give each server one row, with every number of connections', () => {
    const calls = [
      createCall('ours', 80),
      createCall('ours', 60, { connections: 64 }),
      createCall('bare', 50, { connections: 64 }),
    ];
    const text = describeResults({ circumstances, targets: [], ...compare(calls) });
    expect(text).toContain('| this server | 1,000 | 1 | 4 | 80 | 1,000 | 1 | 4 | 60 |');
    expect(text).toContain('| the limit |  |  |  |  | 1,000 | 1 | 4 | 50 |');
  });

  it('leave out what was not measured', () => {
    expect(describeResults({ circumstances, targets: [] })).not.toContain('###');
  });

  it('tell what the token adds to a call', () => {
    const verification = [
      createCall('ours', 90, { scenario: 'token seen first', p50Ms: 0.7 }),
      createCall('open', 60, { scenario: 'no sign-in', p50Ms: 0.5 }),
    ];
    const text = describeResults({ circumstances, targets: [], verification });
    expect(text).toContain('| token seen first | 0.7 | 4 | 90 | 200 |');
  });
});

describe('the options of the bench', () => {
  it('run and keep everything, unless something is left out', () => {
    const all = readOptions([], ['ours', 'bare']);
    expect(all).toMatchObject({ short: false, servers: ['ours', 'bare'], writes: true });
    expect(readOptions(['--short'], ['ours'])).toMatchObject({ parts: all.parts, writes: false });
  });

  it('run only the calls of a server that is named', () => {
    const options = readOptions(['--only', 'bare'], ['ours', 'bare']);
    expect(options).toEqual({ short: false, servers: ['bare'], parts: ['calls'], writes: false });
  });

  it('refuse a name that is neither a server nor a part', () => {
    expect(() => readOptions(['--only', 'nobody'], ['ours'])).toThrow('There is no nobody, but ours, calls');
  });
});
