import { createExchange, describeAdd } from '../calls.ts';
import { runLoad } from '../load.ts';
import type { ServerProcess } from '../server-process.ts';

/** After so many calls of `add` Node.js has compiled what it will; the answers are checked, and nothing is measured. */
const enough = 12_000;

/** Calls a server until it is warm, or 16 times where it need not be. */
export async function warmUp({ origin }: ServerProcess, token: string, short: boolean): Promise<void> {
  const makeCall = createExchange(describeAdd('2026-07-28'), () => token);
  await runLoad({ origin, path: '/mcp', connections: 16, calls: short ? 16 : enough, makeCall });
}
