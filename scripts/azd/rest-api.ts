import type { TokenCredential } from '@azure/identity';
import * as z from 'zod';
import { Failure } from '../../dev/failure.ts';
import { isLoopback } from '../../src/loopback.ts';
import { reach } from '../lib/unreachable.ts';

/** An Azure REST API, called as whoever is signed in. */
export interface RestApi {
  /** The answer's JSON; undefined when there is nothing of that path (404), or the answer has no body. Throws Failure. */
  send(method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown>;
}

const timeoutMs = 60_000;

const refusalSchema = z.object({ error: z.object({ code: z.string() }) });

/** The code alone: messages may quote what was sent. */
async function readErrorCode(response: Response): Promise<string> {
  const { data } = refusalSchema.safeParse(await response.json().catch(() => undefined));
  return data?.error.code ?? 'no code';
}

/** @param baseUrl origin, which is also what its tokens are for; https, or this machine. Throws Failure. */
export function createRestApi(baseUrl: string, credential: TokenCredential): RestApi {
  const { origin, protocol } = new URL(baseUrl);
  if (protocol !== 'https:' && !isLoopback(new URL(baseUrl))) {
    throw new Failure(`${origin} is not https: a token would be sent to it`);
  }
  return {
    async send(method, path, body) {
      const token = await credential.getToken(`${origin}/.default`);
      if (token === null) throw new Failure(`Nobody is signed in for ${origin}: azd auth login`);
      const response = await reach(`${origin}${path}`, {
        method,
        headers: { Authorization: `Bearer ${token.token}`, 'Content-Type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status === 404) return undefined;
      if (!response.ok) {
        const code = await readErrorCode(response);
        throw new Failure(
          `${method} ${origin}${path.replace(/\?.*/, '')} answered ${response.status} ${code}`,
        );
      }
      const text = await response.text();
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
  };
}
