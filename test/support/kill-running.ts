import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Ends a process as a machine that fails would: SIGKILL. Does no harm to one that was killed; rejects where it has
 * ended by itself, as it does on a rejection that nobody handles.
 * @param output what it printed, for the error
 */
export async function killRunning(child: ChildProcess, output: () => string = () => ''): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  if (child.signalCode !== 'SIGKILL')
    throw new Error(`a process ended by itself, with ${child.signalCode ?? child.exitCode}: ${output()}`);
}
