import type { Holder } from './holder.ts';
import { readClientId, type Forward } from './token-endpoint.ts';

export interface RevocationEndpointOptions {
  readonly forward: Forward;
  /** What an access token of this server says; undefined for one that has expired and for anything else. */
  readonly readToken: (
    token: string,
  ) => Promise<({ readonly clientId: string; readonly grantId: string } & Holder) | undefined>;
  readonly revoke: (grantId: string) => Promise<void>;
  /** Whose sign-in the provider has ended in this exchange. */
  readonly findEnded: () => Holder | undefined;
}

export interface Revocation {
  readonly response: Response;
  /** Whose sign-in has ended; undefined where none has, of which the answer says nothing (section 2.2). */
  readonly ended: Holder | undefined;
}

/**
 * `/auth/revoke` (RFC 7009): refresh tokens are the provider's; an access token is a JWT, which the provider does not
 * store, so here its grant is ended. The provider authenticates the client either way, being asked for a token that
 * nobody has.
 */
export function createRevocationEndpoint({
  forward,
  readToken,
  revoke,
  findEnded,
}: RevocationEndpointOptions) {
  return async function answer(request: Request, body: string): Promise<Revocation> {
    const form = new URLSearchParams(body);
    const token = form.get('token') ?? '';
    if (!token.includes('.')) return { response: await forward(request, body), ended: findEnded() };
    form.set('token', 'none');
    const response = await forward(request, form.toString());
    const read = response.status === 200 ? await readToken(token) : undefined;
    if (read?.clientId !== readClientId(form)) return { response, ended: undefined };
    await revoke(read.grantId);
    return { response, ended: read };
  };
}
