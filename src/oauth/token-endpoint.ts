import { AppError } from '../errors.ts';
import { readMediaType } from './media-type.ts';
import { parseTokenReply, type RefreshGrace } from './refresh-grace.ts';
import type { RedeemedCodes } from './redeemed-codes.ts';
import type { RegisteredClients } from './registered-clients.ts';

/** Hands a request to the authorization server's protocol. */
export type Forward = (request: Request, body: string) => Promise<Response>;

export interface TokenEndpointOptions {
  readonly forward: Forward;
  /** The `resource` parameters as the provider knows them; throws AppError `invalid_target`. */
  readonly readResource: (values: readonly string[]) => string | undefined;
  /** A `scope` parameter in the server's own names, undefined when nothing of it means anything here. */
  readonly mapScope: (scope: string) => string | undefined;
  readonly grace: RefreshGrace;
  readonly clients: RegisteredClients;
  readonly codes: RedeemedCodes;
  readonly revoke: (grantId: string) => Promise<void>;
  /** Takes failures that the answer hides. */
  readonly report: (error: unknown) => void;
}

/** The parameters in the provider's words. What is wrong with them is said before a code or token is used up. */
function translate(body: string, { readResource, mapScope }: TokenEndpointOptions): URLSearchParams {
  const form = new URLSearchParams(body);
  const resource = readResource(form.getAll('resource'));
  form.delete('resource');
  if (resource !== undefined) form.set('resource', resource);
  const scopes = form.getAll('scope');
  if (scopes.length === 1) {
    const scope = form.get('grant_type') === 'refresh_token' ? mapScope(scopes[0] ?? '') : undefined;
    form.delete('scope');
    if (scope !== undefined) form.set('scope', scope);
  }
  return form;
}

/** An OAuth error (RFC 6749 section 5.2). */
function refuse(error: string, description: string): Response {
  const body = { error, error_description: description };
  return Response.json(body, { status: 400, headers: { 'Cache-Control': 'no-store' } });
}

/** `client_id`, or the subject of a client assertion: the provider has authenticated it by the time this is asked. */
export function readClientId(form: URLSearchParams): string {
  const clientId = form.get('client_id');
  if (clientId !== null) return clientId;
  const [, payload = ''] = (form.get('client_assertion') ?? '').split('.');
  try {
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: unknown };
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}

/** `/auth/token`: the provider's token endpoint with `resource` checked first and repeats of a refresh answered. */
export function createTokenEndpoint(options: TokenEndpointOptions): Forward {
  const { forward, grace, clients, codes, revoke, report } = options;

  async function settle(form: URLSearchParams, response: Response): Promise<Response> {
    const presented = form.get('refresh_token') ?? '';
    const reply = parseTokenReply(await response.clone().text());
    const settlement = await grace.settle(presented, reply);
    if (settlement === undefined)
      return refuse('invalid_grant', 'The refresh token has ended. Sign in again.');
    if ('reply' in settlement) return Response.json(settlement.reply, response);
    await revoke(settlement.reusedGrantId);
    return refuse(
      'invalid_grant',
      'This refresh token was used before. The sign-in has been ended: sign in again.',
    );
  }

  return async function answer(request, body) {
    if (readMediaType(request) !== 'application/x-www-form-urlencoded')
      throw new AppError('unsupported_form');
    const form = translate(body, options);
    const response = await forward(request, form.toString());
    if (response.status !== 200) return response;
    // By the grant, as the provider decides: a parameter of the other grant must not lead around the grace.
    const refreshed = form.get('grant_type') === 'refresh_token';
    const answer = refreshed ? await settle(form, response) : response;
    // The code or token is used up by now: what is only housekeeping must not keep its answer from the client.
    await Promise.all([
      clients.keep(readClientId(form)),
      !refreshed && codes.answer(form.get('code') ?? ''),
    ]).catch(report);
    return answer;
  };
}
