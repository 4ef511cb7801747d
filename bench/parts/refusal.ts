import { createExchange, describeAdd } from '../calls.ts';
import { addressCall, type Contender } from '../contenders.ts';
import type { ServerProcess } from '../server-process.ts';

/** The same token with another signature. */
function forge(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return [header, payload, signature.split('').reverse().join('')].join('.');
}

/** Rejects unless the server refuses a token whose signature is wrong: one that does not look would be quick. */
export async function checkRefusal(
  contender: Contender,
  server: ServerProcess,
  token: string,
): Promise<void> {
  const makeCall = createExchange(describeAdd('2025-11-25'), () => forge(token));
  const { headers, body } = addressCall(contender, makeCall)(1, 0);
  const response = await fetch(`${server.origin}/mcp`, { method: 'POST', headers, body });
  await response.body?.cancel();
  if (response.status !== 401) throw new Error(`${contender.name} took a forged token: ${response.status}`);
}
