import { readClientId, type Forward } from './token-endpoint.ts';

export interface RevocationEndpointOptions {
  readonly forward: Forward;
  /** What an access token of this server says; undefined for one that has expired and for anything else. */
  readonly readToken: (
    token: string,
  ) => Promise<{ readonly clientId: string; readonly grantId: string } | undefined>;
  readonly revoke: (grantId: string) => Promise<void>;
}

/**
 * `/auth/revoke` (RFC 7009): refresh tokens are the provider's; an access token is a JWT, which the provider does not
 * store, so here its grant is ended. The provider authenticates the client either way, being asked for a token that
 * nobody has.
 */
export function createRevocationEndpoint({ forward, readToken, revoke }: RevocationEndpointOptions): Forward {
  return async function answer(request, body) {
    const form = new URLSearchParams(body);
    const token = form.get('token') ?? '';
    if (!token.includes('.')) return forward(request, body);
    form.set('token', 'none');
    const response = await forward(request, form.toString());
    if (response.status !== 200) return response;
    const read = await readToken(token);
    if (read?.clientId === readClientId(form)) await revoke(read.grantId);
    return response;
  };
}
