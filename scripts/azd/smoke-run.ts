import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../dev/failure.ts';
import { reach } from '../lib/unreachable.ts';

const projectRoot = join(import.meta.dirname, '../..');

/** Variables of the smoke test (scripts/smoke.ts). */
export type SmokeVariables = Readonly<Record<string, string>>;

/** Runs the smoke test once: what it printed, and whether it passed. */
export type RunOnce = (
  variables: SmokeVariables,
) => Promise<{ readonly passed: boolean; readonly output: string }>;

/** In a process of its own, with the Node that came with the packages: azd runs hooks with whichever it finds. */
export const runSmoke: RunOnce = async (variables) => {
  const child = spawn('npm', ['run', '--silent', 'smoke'], {
    cwd: projectRoot,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm is a script on Windows. Nothing of the command is a variable, so that there is nothing to quote.
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { passed: code === 0, output: output.trim() };
};

export interface RepeatOptions {
  /** Milliseconds between two attempts. */
  readonly pauseMs?: number;
  readonly attempts?: number;
  /** Told of each attempt that is followed by another. */
  readonly tell?: (line: string) => void;
}

/**
 * The last attempt's output, once one has passed. After a first deployment Entra learns of registrations, roles and
 * certificates over some minutes, and the app starts meanwhile. Throws Failure with the last refusal.
 */
export async function repeatUntilPassed(
  attempt: () => ReturnType<RunOnce>,
  { pauseMs = 15_000, attempts = 20, tell = console.log }: RepeatOptions = {},
): Promise<string> {
  let output = '';
  for (let count = 0; count < attempts; count += 1) {
    if (count > 0) {
      tell(`Not yet (${count} of ${attempts}): ${output}`);
      await sleep(pauseMs);
    }
    const result = await attempt();
    if (result.passed) return result.output;
    ({ output } = result);
  }
  throw new Failure(output);
}

/**
 * What can be tested without signing in: every dependency is ready, and a stranger is refused with the challenge that
 * leads clients to the sign-in.
 */
export async function checkWithoutToken(mcpUrl: string): Promise<{ passed: boolean; output: string }> {
  const signal = AbortSignal.timeout(60_000);
  const health = await reach(new URL('/health', mcpUrl), { signal });
  if (health.status !== 200) return { passed: false, output: `/health: ${await health.text()}` };
  const refusal = await reach(mcpUrl, { method: 'POST', body: '{}', signal });
  const challenge = refusal.headers.get('www-authenticate') ?? '';
  const passed = refusal.status === 401 && challenge.includes('resource_metadata=');
  return {
    passed,
    output: passed
      ? 'HEALTH: ok\nCHALLENGE: ok'
      : `/mcp: ${refusal.status} ${challenge || 'without a challenge'}`,
  };
}
