import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Few calls, nothing written, nothing judged but the answers. */
  readonly short: boolean;
  /** Names of servers; empty for all of them. */
  readonly only: readonly string[];
}

export const usage = `Usage: npm run bench [-- options]

  --short          a few hundred calls for each server: are all answers right? Writes no file
  --only <server>  leave out the others; may be repeated. Writes no file
`;

/** Throws TypeError, its message for the person, on anything else. */
export function readOptions(args: readonly string[], servers: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const unknown = values.only.find((name) => !servers.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`There is no ${unknown}. The servers: ${servers.join(', ')}`);
  return values;
}
