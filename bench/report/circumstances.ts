import { execFileSync } from 'node:child_process';
import { arch, cpus, release, totalmem, type as systemType } from 'node:os';
import type { Contender } from '../contenders.ts';
import type { Circumstances } from '../results.ts';

function describeCommit(): string {
  try {
    const [commit, changes] = [
      ['rev-parse', '--short', 'HEAD'],
      ['status', '--porcelain'],
    ].map((args) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
    return `${commit}${changes === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

export function describeCircumstances(contenders: readonly Contender[], pinned: boolean): Circumstances {
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    commit: describeCommit(),
    node: process.version,
    system: `${systemType()} ${release()} ${arch()}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    pinned,
    servers: Object.fromEntries(contenders.map(({ name, title }) => [name, title])),
  };
}
