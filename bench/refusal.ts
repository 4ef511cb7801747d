import { createAddCall } from './calls.ts';
import type { RunningContender } from './rounds.ts';

/** The same token with another signature. */
function forge(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return [header, payload, signature.split('').reverse().join('')].join('.');
}

/** Rejects unless the server refuses a token whose signature is wrong: one that does not look would be quick. */
export async function checkRefusal({ contender, process, token }: RunningContender): Promise<void> {
  const makeCall = createAddCall('2025-11-25', forge(token));
  const { headers, body } = (contender.forward?.(makeCall) ?? makeCall)(1);
  const response = await fetch(`${process.origin}/mcp`, { method: 'POST', headers, body });
  await response.body?.cancel();
  if (response.status !== 401) throw new Error(`${contender.name} took a forged token: ${response.status}`);
}
