/** Installs the peers, unless what the lock file says is there already. */
import { execSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const home = import.meta.dirname;

function changedAt(path: string): number {
  return statSync(join(home, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// npm writes the first of these at the end of an installation.
if (changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json')) {
  execSync('npm ci --no-audit', { cwd: home, stdio: 'inherit' });
}
