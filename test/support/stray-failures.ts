/**
 * Loaded before Jest, in its own process and in those of its workers: fails the run for what is thrown or rejected when
 * no test runs. Jest looks for that while a test does; a worker that ends between two files of tests it replaces without
 * a word.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Watches this process for the one that reads the file. */
function watch(file: string): void {
  process.on('uncaughtExceptionMonitor', ({ stack, message }) => {
    appendFileSync(file, `${stack ?? message}\n`);
  });
}

/** Tells at the end of this process what it and its workers have left behind. */
function tellAtExit(folder: string, file: string): void {
  process.on('exit', () => {
    const strays = readFileSync(file, 'utf8');
    rmSync(folder, { recursive: true });
    if (strays === '') return;
    console.error(`Nobody handled this:\n${strays}`);
    process.exitCode = 1;
  });
}

if (process.env.TEST_STRAYS === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'strays-'));
  const file = join(folder, 'strays');
  writeFileSync(file, '');
  process.env.TEST_STRAYS = file;
  tellAtExit(folder, file);
}
watch(process.env.TEST_STRAYS);
