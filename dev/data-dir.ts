import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from './failure.ts';

/** The file that marks a folder as ours, so that `--fresh` can never delete another one. */
const marker = 'local-stack.md';
const markerText =
  'State of the local stack: tables, keys, certificate. `npm start -- --fresh` deletes everything here.\n';

const projectRoot = resolve(import.meta.dirname, '..');

/** DATA_DIR, or `.data` beside package.json. */
export function locateDataDir(environment: NodeJS.ProcessEnv): string {
  const chosen = environment.DATA_DIR?.trim() ?? '';
  return resolve(projectRoot, chosen === '' ? '.data' : chosen);
}

/**
 * Makes the data folder, for its owner only (mode 0700, also where it was there before).
 * Throws Failure where the folder is somebody else's: it has files and not our mark.
 */
export function openDataDir(path: string): void {
  if (existsSync(path) && !existsSync(join(path, marker)) && readdirSync(path).length > 0) {
    throw new Failure(
      `${path} holds files of something else. Set DATA_DIR to another folder, or empty this one yourself.`,
    );
  }
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o700);
  writeFileSync(join(path, marker), markerText);
}

/** Deletes what an open data folder keeps, all but one file. */
export function emptyDataDir(path: string, { except }: { readonly except: string }): void {
  for (const name of readdirSync(path)) {
    if (name !== marker && name !== except) rmSync(join(path, name), { recursive: true });
  }
}
