import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `npm run fuzz`: the properties of test/fuzz with more inputs, and others each time. Takes test files as arguments.
 * FUZZ_RUNS is the number of inputs of a cheap property (costly ones have fewer, see test/support/fuzz.ts), FUZZ_SEED
 * repeats a run.
 */
const { FUZZ_RUNS = '60000', FUZZ_SEED = String(randomInt(2 ** 31)) } = process.env;
const [, , ...files] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const ledger = join(folder, 'inputs');
const startedAt = performance.now();

const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--import',
    './test/support/stray-failures.ts',
    'node_modules/jest/bin/jest.js',
    // One property may take minutes: an hour is where it hangs.
    '--testTimeout=3600000',
    ...(files.length > 0 ? files : ['test/fuzz']),
  ],
  { stdio: 'inherit', env: { ...process.env, FUZZ_RUNS, FUZZ_SEED, FUZZ_LEDGER: ledger } },
);

const counts = existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : [];
rmSync(folder, { recursive: true });
const total = counts.reduce((sum, count) => sum + Number(count), 0);
const seconds = Math.round((performance.now() - startedAt) / 1_000);
console.log(
  `${total.toLocaleString('en')} inputs to ${counts.length} properties in ${seconds} s, FUZZ_RUNS=${FUZZ_RUNS} FUZZ_SEED=${FUZZ_SEED}`,
);
process.exitCode = status ?? 1;
