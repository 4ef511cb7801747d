import { execFileSync } from 'node:child_process';

/** The cores that this process may use, as `taskset` writes them: `0-3,6`. */
function parseCores(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function listCores(): number[] {
  try {
    const said = execFileSync('taskset', ['-c', '-p', String(process.pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return parseCores(said.split(':').at(-1)?.trim() ?? '');
  } catch {
    return [];
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
  const [serverCore, loadCore] = listCores();
  if (serverCore === undefined || loadCore === undefined) {
    return { pinned: false, serverCommand: [process.execPath] };
  }
  const pin = ['-a', '-c', '-p', String(loadCore), String(process.pid)];
  execFileSync('taskset', pin, { stdio: 'ignore' });
  return { pinned: true, serverCommand: ['taskset', '-c', String(serverCore), process.execPath] };
}
