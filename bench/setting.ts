import { join } from 'node:path';
import type { Backends } from './backends.ts';
import type { Cores } from './cores.ts';
import { startServer, type ServerProcess } from './server-process.ts';

/** What every part of the bench works with. */
export interface Setting {
  readonly cores: Cores;
  readonly backends: Backends;
  /** Where the package is, as it is deployed and nothing else. */
  readonly packageFolder: string;
  /** Few calls: are the answers right? */
  readonly short: boolean;
  /** Tells the person who waits. */
  readonly progress: (text: string) => void;
}

/** Starts one of bench/servers. */
export function startBenchServer(
  { cores }: Pick<Setting, 'cores'>,
  file: string,
  environment: NodeJS.ProcessEnv,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  return startServer(cores, { file: join(import.meta.dirname, 'servers', file), args, environment });
}
