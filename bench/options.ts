import { parseArgs } from 'node:util';

/** What can be run alone. */
export const parts = ['calls', 'notes', 'token-endpoint', 'cold-start', 'verification'] as const;
export type Part = (typeof parts)[number];

export interface BenchOptions {
  /** Few calls, nothing judged but the answers. */
  readonly short: boolean;
  readonly parts: readonly Part[];
  /** Names of the servers that are called. */
  readonly servers: readonly string[];
  /** Whether the results are kept: those of all parts and all servers are. */
  readonly writes: boolean;
}

export const usage = `Usage: npm run bench [-- options]

  --short        a few hundred calls for each server: are all answers right?
  --only <name>  a server or a part, without the others; may be repeated

Parts: ${parts.join(', ')}.
Writes bench/results.json and docs/images/performance.svg, unless something is left out.
`;

function isPart(name: string): name is Part {
  return parts.some((part) => part === name);
}

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
  const { short, only } = values;
  const unknown = only.find((name) => !isPart(name) && !servers.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`There is no ${unknown}, but ${[...servers, ...parts].join(', ')}.`);
  }
  const namedParts = only.filter(isPart);
  const namedServers = only.filter((name) => !isPart(name));
  // A server alone is asked for to see its calls.
  const chosenParts = namedServers.length > 0 && namedParts.length === 0 ? (['calls'] as const) : namedParts;
  return {
    short,
    parts: chosenParts.length > 0 ? chosenParts : parts,
    servers: namedServers.length > 0 ? namedServers : servers,
    writes: !short && only.length === 0,
  };
}
