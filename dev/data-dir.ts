import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from './failure.ts';

/** The file that marks a folder as ours, so that `--fresh` can never delete another one. */
const marker = 'local-stack.md';
const markerText =
  'State of the local stack: tables, signing keys, certificate. `npm start -- --fresh` deletes this folder.\n';

const projectRoot = resolve(import.meta.dirname, '..');

/** DATA_DIR, or `.data` beside package.json. */
export function locateDataDir(environment: NodeJS.ProcessEnv): string {
  const chosen = environment.DATA_DIR?.trim() ?? '';
  return resolve(projectRoot, chosen === '' ? '.data' : chosen);
}

/**
 * Makes the data folder, readable by its owner only, after deleting what was there when it is to be fresh.
 * Throws Failure where the folder is somebody else's: it has files and not our mark.
 */
export function openDataDir(path: string, { fresh }: { readonly fresh: boolean }): void {
  const isOurs = existsSync(join(path, marker));
  if (!isOurs && existsSync(path) && readdirSync(path).length > 0) {
    throw new Failure(
      `${path} holds files of something else. Set DATA_DIR to another folder, or empty this one yourself.`,
    );
  }
  if (fresh && isOurs) rmSync(path, { recursive: true });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(path, marker), markerText);
}
