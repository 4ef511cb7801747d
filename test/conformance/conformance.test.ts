import { beforeAll, expect, it } from '@jest/globals';
import { startFixtureServer } from './fixture-server.ts';
import { covers, readBaseline, runSuite, type SuiteRun } from './suite.ts';

const baseline = readBaseline();
let modern: SuiteRun;
let legacy: SuiteRun;
/** 2025-11-25 without logging: as the product answers, with plain JSON where nothing can come before the result. */
let legacyJson: SuiteRun;

async function startAndRun(revision: string, { logging }: { readonly logging: boolean }): Promise<SuiteRun> {
  const host = await startFixtureServer({ logging });
  try {
    return await runSuite(new URL('/mcp', host.url), revision);
  } finally {
    await host.stop();
  }
}

beforeAll(async () => {
  [modern, legacy, legacyJson] = await Promise.all([
    startAndRun('2026-07-28', { logging: true }),
    startAndRun('2025-11-25', { logging: true }),
    startAndRun('2025-11-25', { logging: false }),
  ]);
});

it('passes the official suite in both eras, save for what the baseline names, in what is not scored too', () => {
  const failed = [...modern.failed, ...legacy.failed];
  expect(failed.filter((check) => !baseline.some((entry) => covers(entry, check)))).toEqual([]);
});

it('fails in every entry of the baseline, so that none of them outlives its reason', () => {
  const failed = [...modern.failed, ...legacy.failed];
  expect(baseline.filter((entry) => !failed.some((check) => covers(entry, check)))).toEqual([]);
});

it('passes by the suite’s own judgement', () => {
  for (const { exitCode, verdict } of [modern, legacy]) {
    expect(verdict).toContain('Baseline check passed');
    expect(exitCode).toBe(0);
  }
});

it('fails in nothing further but logging where a 2025 client is answered with JSON', () => {
  const known = new Set(legacy.failed.map(({ check }) => check));
  const further = legacyJson.failed.map(({ check }) => check).filter((check) => !known.has(check));
  expect(further).toEqual([
    'logging-set-level:logging-set-level',
    'tools-call-with-logging:tools-call-with-logging',
  ]);
});
