import { execFileSync } from 'node:child_process';
import { arch, cpus, release, totalmem, type as systemType } from 'node:os';
import type { Contender } from '../contenders.ts';
import type { ColdStart } from '../parts/cold-start.ts';
import type { Comparison } from '../parts/comparison.ts';
import type { CaseResult } from '../measure.ts';
import type { Target } from './targets.ts';

/** Where and with what a run was made. */
export interface Circumstances {
  /** ISO 8601, UTC: when the run began. */
  readonly at: string;
  /** Of the checkout; `+` where files were changed. */
  readonly commit: string;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Whether server and load had a core each. */
  readonly pinned: boolean;
  /** By name, the servers and what they are. */
  readonly servers: Readonly<Record<string, string>>;
}

/** What a run measured: of each part, unless it was left out. */
export interface Measurements {
  readonly comparison?: Comparison;
  readonly notes?: readonly CaseResult[];
  readonly tokenEndpoint?: readonly CaseResult[];
  readonly coldStart?: readonly ColdStart[];
  readonly verification?: readonly CaseResult[];
}

/** bench/results.json. */
export interface Results extends Measurements {
  readonly circumstances: Circumstances;
  readonly targets: readonly Target[];
}

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
