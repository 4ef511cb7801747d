import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const serverCore = '0';
const loadCore = '1';

function findTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Which cores the runs have to themselves. */
export interface Cores {
  readonly pinned: boolean;
  /** Program and first arguments of a server. */
  readonly serverCommand: readonly [string, ...string[]];
}

/**
 * Puts this process, and with it the load, Entra and all that it starts, on one core, and a server on another. Where
 * there is no `taskset` (macOS, Windows) or only one core, the system decides, and the numbers are less steady.
 */
export function divideCores(): Cores {
  if (availableParallelism() < 2 || !findTaskset()) {
    return { pinned: false, serverCommand: [process.execPath] };
  }
  execFileSync('taskset', ['-a', '-c', '-p', loadCore, String(process.pid)], { stdio: 'ignore' });
  return { pinned: true, serverCommand: ['taskset', '-c', serverCore, process.execPath] };
}
