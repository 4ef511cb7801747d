import type { Era } from './calls.ts';

/** One case of one server: medians of the rounds. */
export interface CaseResult {
  readonly server: string;
  readonly scenario: string;
  readonly era?: Era;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of the server's process for one call, microseconds. */
  readonly cpuMicros: number;
}

/** The scenario of a call that brings no token, to which those with one are compared. */
export const noSignIn = 'no sign-in';

/** Resident memory of one server. */
export interface MemoryResult {
  readonly server: string;
  /** Bytes, after each round. */
  readonly rssBytes: readonly number[];
}

export interface Comparison {
  /** `tools/call add`. */
  readonly calls: readonly CaseResult[];
  readonly discovery: readonly CaseResult[];
  readonly memory: readonly MemoryResult[];
  /** Calls of `add` in a round, after each of which memory was read. */
  readonly callsPerRound: number;
}

export interface Weight {
  readonly files: number;
  readonly bytes: number;
}

/** Medians of many starts of one package, each a process of its own with a folder of its own. */
export interface ColdStart extends Weight {
  readonly name: 'package' | 'unbundled';
  /** From the start of the process to the first 200 of `/healthz`, milliseconds. */
  readonly healthMs: number;
  /** From the start of the process to the first answered `tools/call`, keys fetched and token verified, milliseconds. */
  readonly callMs: number;
  /** Files loaded as modules until then. */
  readonly modules: number;
  /** Resident memory then. */
  readonly rssBytes: number;
}

/** What a run measured: of each part, unless it was left out. */
export interface Measurements {
  readonly comparison?: Comparison;
  readonly notes?: readonly CaseResult[];
  readonly tokenEndpoint?: readonly CaseResult[];
  readonly coldStart?: readonly ColdStart[];
  readonly verification?: readonly CaseResult[];
}

/** What is wanted of a number, and what it is. */
export interface Target {
  readonly name: string;
  readonly measured: number;
  /** It holds up to here, this included. */
  readonly limit: number;
  readonly unit: '×' | '%' | 'bytes' | 'files';
}

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

/** bench/results.json. */
export interface Results extends Measurements {
  readonly circumstances: Circumstances;
  readonly targets: readonly Target[];
}
