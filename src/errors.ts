/**
 * The closed set of things that can go wrong between a request and its answer.
 *
 * `message` is what the caller reads: it says what to do next and never contains a value from the request,
 * from a token or from configuration. Whatever else is known goes to `detail` and `cause`, which only the log sees.
 */
interface CatalogueEntry {
  /** HTTP status. */
  readonly status: number;
  /** OAuth error code (RFC 6750 section 3.1, RFC 6749 sections 4.1.2.1 and 5.2); absent where OAuth has none to give. */
  readonly oauth?: string;
  /** JSON-RPC code for endpoints that answer in JSON-RPC; -32000 where absent. */
  readonly rpc?: number;
  readonly message: string;
  /** Seconds for Retry-After. */
  readonly retryAfter?: number;
}

const catalogue = {
  // 401: no usable token. RFC 6750 section 3.1: no error code when no bearer token was sent.
  missing_token: {
    status: 401,
    message: 'No access token was sent. Send "Authorization: Bearer <access token>".',
  },
  unsupported_scheme: {
    status: 401,
    message:
      'The Authorization header does not use the Bearer scheme. Send "Authorization: Bearer <access token>".',
  },
  malformed_token: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token is not a JSON Web Token. Send exactly one token, as the identity provider issued it.',
  },
  unsupported_algorithm: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token is not signed with an algorithm that this server accepts (RS256).',
  },
  unknown_signing_key: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token is signed with a key that the identity provider does not publish. Request a new token.',
  },
  invalid_signature: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The signature of the access token does not verify. Request a new token from the configured tenant.',
  },
  invalid_claims: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token lacks a required claim or carries one of the wrong type. Request an access token for this API.',
  },
  expired_token: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token has expired. Request a new one.',
  },
  token_not_yet_valid: {
    status: 401,
    oauth: 'invalid_token',
    message: 'The access token is not valid yet. Check the clocks of the client and the server.',
  },
  wrong_tenant: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token comes from a tenant that this server does not accept. Sign in with an account of an accepted tenant, or list the tenant in ENTRA_ALLOWED_TENANTS.',
  },
  wrong_issuer: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The issuer of the access token is not the one of its tenant and token version. Check ENTRA_AUTHORITY and ENTRA_TENANT_ID.',
  },
  wrong_audience: {
    status: 401,
    oauth: 'invalid_token',
    message:
      'The access token was issued for another API. Request one with the scope of this server, or list the audience in ENTRA_AUDIENCES.',
  },
  id_token: {
    status: 401,
    oauth: 'invalid_token',
    message: 'An ID token was sent. Send the access token that was issued for this API.',
  },
  missing_scope: {
    status: 403,
    oauth: 'insufficient_scope',
    message:
      'The access token carries none of the scopes that this server requires (ENTRA_REQUIRED_SCOPES). Request one of the scopes named in the challenge.',
  },
  missing_role: {
    status: 403,
    oauth: 'insufficient_scope',
    message:
      'The application has none of the app roles that this server requires (ENTRA_REQUIRED_APP_ROLES). Assign the role to it and request a new token.',
  },
  client_not_allowed: {
    status: 403,
    oauth: 'access_denied',
    message:
      'This client application may not use this server. List its id in ENTRA_ALLOWED_CLIENT_IDS to allow it.',
  },
  origin_not_allowed: {
    status: 403,
    message: 'Requests from this web origin are not allowed. List it in ALLOWED_ORIGINS to allow it.',
  },
  invalid_request: {
    status: 400,
    oauth: 'invalid_request',
    rpc: -32600,
    message: 'The request is malformed.',
  },
  batch_too_long: {
    status: 400,
    oauth: 'invalid_request',
    rpc: -32600,
    message: 'A batch may hold at most 10 messages. Send them one by one.',
  },
  invalid_json: {
    status: 400,
    oauth: 'invalid_request',
    rpc: -32700,
    message: 'The body is not valid JSON in UTF-8.',
  },
  host_not_allowed: {
    status: 403,
    message:
      'This server is reached under a name of this machine only (PUBLIC_BASE_URL). Use localhost or 127.0.0.1.',
  },
  not_found: { status: 404, message: 'Nothing is served at this path. GET /docs lists what is.' },
  method_not_allowed: { status: 405, message: 'Method not allowed.' },
  not_acceptable: {
    status: 406,
    message: 'Answers are JSON or an event stream. Send "Accept: application/json, text/event-stream".',
  },
  request_timeout: { status: 408, message: 'The body did not arrive in time. Send it again.' },
  body_too_large: {
    status: 413,
    message: 'The body is larger than this server accepts (MAX_REQUEST_BYTES).',
  },
  unsupported_media_type: { status: 415, message: 'Send the body as "Content-Type: application/json".' },
  unsupported_encoding: { status: 415, message: 'Send the body without Content-Encoding.' },
  internal_error: {
    status: 500,
    oauth: 'server_error',
    rpc: -32603,
    message: 'The server failed to answer this request.',
  },
  signing_keys_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message:
      'The signing keys of the identity provider cannot be fetched, so no token can be verified. Try again.',
    retryAfter: 5,
  },
  storage_unavailable: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'The storage of this server does not answer. Try again.',
    retryAfter: 5,
  },
  storage_contended: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'Too many changes to the same data at once. Try again.',
    retryAfter: 1,
  },
  timed_out: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'The server did not finish this request in time. Try again.',
    retryAfter: 5,
  },
  misconfigured: {
    status: 503,
    oauth: 'temporarily_unavailable',
    message: 'This server is not configured correctly. GET /health says what is wrong.',
    retryAfter: 60,
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

/** What the catalogue says of a code. */
export function describeError(code: ErrorCode): CatalogueEntry {
  return catalogue[code];
}

/** Every code of the catalogue, in its order. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

export interface AppErrorOptions {
  /** For the log only. May name claims and configured values, never a token or a secret. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** A failure with a code of the catalogue; its `message` is the public one. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(catalogue[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
  }
}

/** The error itself if it is one of ours, otherwise `internal_error` around it. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal_error', { cause: error });
}
