import type { SignInRequest } from '../oauth/interactions.ts';
import { readClientId } from '../oauth/token-endpoint.ts';

/** A redirect that is followed with GET, whatever came before (RFC 9110 section 15.4.4). */
export function redirectTo(location: URL | string): Response {
  return new Response(null, { status: 303, headers: { Location: String(location) } });
}

/** What the log says of a request: by whom and back to where, nothing that could be used. */
export function describeClient({ client, redirectUri }: SignInRequest) {
  const { protocol, host } = new URL(redirectUri);
  return { client: client.id, clientKind: client.kind, backTo: `${protocol}//${host}` };
}

/** Which client somebody says that it is, cut at 200 characters; undefined where it does not say. */
export function readClaimedClient(parameters: URLSearchParams): string | undefined {
  return readClientId(parameters).slice(0, 200) || undefined;
}
