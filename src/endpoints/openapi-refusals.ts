import * as z from 'zod';
import { describeError, errorCodes, type ErrorCode } from '../errors.ts';
import type { DocumentedEndpoint } from '../http/endpoint.ts';

const code = z.enum(errorCodes).describe('Names the cause; see the description of the response');

/** Bodies of refusals, by the form in which an endpoint gives its errors. */
export const refusalSchemas = {
  json: z.object({
    error: z.string().describe('As OAuth names it, or the code'),
    error_description: z.string(),
    code,
    request_id: z.string(),
  }),
  'json-rpc': z.object({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    error: z.object({
      code: z.int(),
      message: z.string(),
      data: z.object({ code, requestId: z.string() }),
    }),
  }),
} as const;

const headers = {
  challenge: {
    description:
      'Bearer challenge (RFC 6750) with the scopes to ask for and where to read more (RFC 9728, `resource_metadata`)',
    schema: { type: 'string' },
  },
  retryAfter: { description: 'Seconds to wait', schema: { type: 'integer' } },
} as const;

/** What every endpoint may answer. */
const common: readonly ErrorCode[] = ['host_not_allowed', 'internal_error', 'misconfigured'];
/** What only MCP can come to: batches, storage, long work. */
const ofMcp: readonly ErrorCode[] = [
  'batch_too_long',
  'not_acceptable',
  'storage_unavailable',
  'storage_contended',
  'timed_out',
];
/** What only a sign-in can come to: answered where an endpoint says that it does. */
const ofSignIn: readonly ErrorCode[] = [
  'wrong_browser',
  'form_not_ours',
  'invalid_target',
  'invalid_redirect_uri',
  'invalid_client_metadata',
  'sign_in_expired',
  'unsupported_form',
  'client_metadata_unavailable',
  'entra_unavailable',
  'entra_refused_server',
];
/** What can be wrong with a body. */
const bodyStatuses = [400, 408, 413, 415];
/** What is wrong with JSON only. */
const ofJson: readonly ErrorCode[] = ['invalid_json', 'unsafe_keys', 'unsupported_media_type'];

/** Whether pages of other origins are refused: of what browsers go to, only by what they post. */
function refusesOrigins({ origins, methods }: DocumentedEndpoint): boolean {
  return origins === 'form' ? methods.includes('POST') : origins !== 'any';
}

/** Whether this code may be answered in the endpoint's place. */
function mayRefuse(endpoint: DocumentedEndpoint, code: ErrorCode): boolean {
  const { status } = describeError(code);
  if (common.includes(code) || endpoint.docs.refusals?.includes(code) === true) return true;
  if (code === 'overloaded') return endpoint.vital !== true;
  if (code === 'too_many_at_once') return endpoint.access === 'bearer';
  if (code === 'too_many_calls') return endpoint.counted !== undefined;
  if (code === 'origin_not_allowed') return refusesOrigins(endpoint);
  if (ofSignIn.includes(code)) return false;
  if (ofMcp.includes(code)) return endpoint.errors === 'json-rpc';
  if (status === 401 || status === 403 || status === 503) return endpoint.access === 'bearer';
  const { request } = endpoint.docs;
  if (request === undefined || !bodyStatuses.includes(status)) return false;
  return request.mediaType !== 'application/x-www-form-urlencoded' || !ofJson.includes(code);
}

function describeRefusal(
  { errors = 'json' }: DocumentedEndpoint,
  status: number,
  codes: readonly ErrorCode[],
) {
  const entries = codes.map((code) => ({ code, ...describeError(code) }));
  const challenges = entries.some(({ oauth }) => status === 401 || oauth === 'insufficient_scope');
  // RFC 6750 gives refused tokens their form, whatever the endpoint speaks otherwise.
  const form = errors !== 'page' && (status === 401 || status === 403) ? 'json' : errors;
  return {
    // CommonMark, which would take what stands between angle brackets for HTML.
    description: entries
      .map(({ code, message }) => `- \`${code}\`: ${message.replaceAll('<', '\\<')}`)
      .join('\n'),
    headers: {
      ...(challenges && { 'WWW-Authenticate': headers.challenge }),
      ...(entries.some(({ retryAfter }) => retryAfter !== undefined) && {
        'Retry-After': headers.retryAfter,
      }),
    },
    content:
      form === 'page'
        ? { 'text/html': {} }
        : { 'application/json': { schema: { $ref: `#/components/schemas/error.${form}` } } },
  };
}

/** The guard's own answers on an endpoint, from the catalogue of errors: OpenAPI responses by status. */
export function describeRefusals(endpoint: DocumentedEndpoint): Record<string, object> {
  const codes = errorCodes.filter((code) => mayRefuse(endpoint, code));
  const byStatus = Map.groupBy(codes, (code) => describeError(code).status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [status, describeRefusal(endpoint, status, group)]),
  );
}
