import { describeError, describeToCaller, type AppError } from '../errors.ts';
import { secondsToReset } from '../quota.ts';
import type { Endpoint } from './endpoint.ts';
import { createErrorPage } from './error-page.ts';

/** What a challenge tells a client that has no usable token (RFC 6750 section 3, RFC 9728 section 5.1). */
export interface Challenge {
  readonly resourceMetadataUrl: string;
  /** Scopes a client should ask for, as the authorization server names them. */
  readonly scopes: readonly string[];
}

/** A quoted-string of RFC 9110: the catalogue's messages hold quotes, nothing else that needs escaping. */
function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function challengeHeader(error: AppError, challenge: Challenge): string {
  const { oauth, message } = describeError(error.code);
  const parts =
    oauth === undefined
      ? []
      : [`error=${quote(oauth)}`, `error_description=${quote(message.replace(/"/g, "'"))}`];
  if (challenge.scopes.length > 0) parts.push(`scope=${quote(challenge.scopes.join(' '))}`);
  parts.push(`resource_metadata=${quote(challenge.resourceMetadataUrl)}`);
  return `Bearer ${parts.join(', ')}`;
}

/** A JSON-RPC error for a request, or for none (null) where it could not be read. */
export function createRpcErrorBody(error: AppError, id: string | number | null, requestId: string): object {
  const { rpc, message } = describeError(error.code);
  return {
    jsonrpc: '2.0',
    id,
    error: { code: rpc ?? -32_000, message, data: { code: error.code, requestId } },
  };
}

function errorBody(error: AppError, form: Endpoint['errors'], requestId: string): object {
  const { status, oauth } = describeError(error.code);
  // RFC 6750 gives refused tokens their form, whatever the endpoint speaks otherwise.
  if (form === 'json-rpc' && status !== 401 && status !== 403)
    return createRpcErrorBody(error, null, requestId);
  return {
    error: oauth ?? error.code,
    error_description: describeToCaller(error),
    code: error.code,
    request_id: requestId,
  };
}

/**
 * The answer to a failure: the catalogue's status and message, a challenge on 401 and on `insufficient_scope`,
 * Retry-After where trying again helps. Nothing of `cause` is in it, and of `detail` only what the catalogue shows.
 */
export async function createErrorResponse(
  error: AppError,
  options: {
    readonly form: Endpoint['errors'];
    readonly requestId: string;
    readonly challenge: Challenge;
    readonly allow: readonly string[];
  },
): Promise<Response> {
  const { form, requestId } = options;
  const { status, oauth, retryAfter: usual } = describeError(error.code);
  // Nothing is let through before a limit's window ends, so that is when to come back.
  const retryAfter = error.quota === undefined ? usual : secondsToReset(error.quota);
  const response =
    form === 'page'
      ? await createErrorPage({ status, message: describeToCaller(error), requestId })
      : Response.json(errorBody(error, form, requestId), { status });
  const { headers } = response;
  if (status === 401 || oauth === 'insufficient_scope') {
    headers.set('WWW-Authenticate', challengeHeader(error, options.challenge));
  }
  if (status === 405) headers.set('Allow', options.allow.join(', '));
  if (retryAfter !== undefined) headers.set('Retry-After', String(retryAfter));
  return response;
}
