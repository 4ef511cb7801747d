import { allowInsecureRequests, customFetch } from 'oauth4webapi';
import { isLoopback } from '../../src/loopback.ts';
import { reach } from './unreachable.ts';

/** Options of a request to an endpoint of an authorization server: half a minute, and plain http on this machine only. */
export function createOAuthOptions(endpoint: string) {
  return {
    [customFetch]: (url: string, init: object) => reach(url, init),
    [allowInsecureRequests]: isLoopback(new URL(endpoint)),
    signal: AbortSignal.timeout(30_000),
  };
}
