import type { TokenCredential } from '@azure/identity';
import { AppError } from '../errors.ts';

/** What a token must be for so that Entra takes it as an application's credential: each cloud has its own name. */
function exchangeScope(authority: string): string {
  const { hostname } = new URL(authority);
  const cloud = hostname.endsWith('.us') ? 'USGov' : hostname.endsWith('.cn') ? 'China' : '';
  return `api://AzureADTokenExchange${cloud}/.default`;
}

export interface ClientAssertionOptions {
  /** Entra's, which tells the cloud. */
  readonly authority: string;
}

/**
 * Tokens of the managed identity to be used as client assertion (workload identity federation). The credential keeps a
 * token until shortly before it expires. Rejects with AppError `entra_unavailable` when there is none to be had: the
 * identity's tokens are Entra's, and nobody can sign in without them.
 */
export function createClientAssertion(
  credential: TokenCredential,
  { authority }: ClientAssertionOptions,
): () => Promise<string> {
  const scope = exchangeScope(authority);
  return async function getClientAssertion() {
    let answer;
    try {
      answer = await credential.getToken(scope);
    } catch (error) {
      throw new AppError('entra_unavailable', { detail: 'no token of the managed identity', cause: error });
    }
    if (answer === null) throw new AppError('entra_unavailable', { detail: 'no managed identity' });
    return answer.token;
  };
}
