import type { CatalogueEntry } from './entry.ts';

/** Requests that are refused for what they are: 400 to 429. */
export const requestErrors = {
  wrong_browser: {
    status: 403,
    oauth: 'access_denied',
    message:
      'This sign-in was not started in this browser, or its cookies are gone. Start again where you came from.',
  },
  form_not_ours: {
    status: 403,
    oauth: 'access_denied',
    message: 'This form did not come from this server, or it is too old. Start again from your application.',
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
  invalid_target: {
    status: 400,
    oauth: 'invalid_target',
    message: 'The resource is not the MCP endpoint of this server. Leave it out, or send the URL of /mcp.',
  },
  invalid_redirect_uri: {
    status: 400,
    oauth: 'invalid_redirect_uri',
    showsDetail: true,
    message:
      'A redirect URI is not one that this server sends people to. Use https, http on a loopback address, or a scheme of your own, without user, fragment or dot segments; OAUTH_ALLOWED_REDIRECT_URIS may allow fewer.',
  },
  invalid_client_metadata: {
    status: 400,
    oauth: 'invalid_client_metadata',
    showsDetail: true,
    message:
      'The metadata of the client is not usable. Check it against RFC 7591 or, for a metadata document, that it is JSON of at most 5 KB whose client_id is its own URL.',
  },
  sign_in_expired: {
    status: 400,
    oauth: 'invalid_request',
    message: 'This sign-in has expired or was completed already. Start again from your application.',
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
  unsafe_keys: {
    status: 400,
    oauth: 'invalid_request',
    rpc: -32600,
    message:
      'An object in the body has a key twice, or one that JavaScript keeps for prototypes (__proto__, constructor.prototype). Send each key once, under another name.',
  },
  host_not_allowed: {
    status: 403,
    message:
      'This server is reached under a name of this machine only (PUBLIC_BASE_URL). Use localhost or 127.0.0.1.',
  },
  not_found: { status: 404, message: 'Nothing is served at this path. GET /docs lists what is.' },
  method_not_allowed: { status: 405, message: 'Method not allowed. Send one that the header Allow names.' },
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
  unsupported_form: {
    status: 400,
    oauth: 'invalid_request',
    message: 'Send the parameters as "Content-Type: application/x-www-form-urlencoded".',
  },
  unsupported_encoding: { status: 415, message: 'Send the body without Content-Encoding.' },
  too_many_calls: {
    status: 429,
    oauth: 'temporarily_unavailable',
    message:
      'More calls in a minute than this server lets one caller make. Wait as long as Retry-After says.',
    retryAfter: 60,
  },
  too_many_at_once: {
    status: 429,
    oauth: 'temporarily_unavailable',
    message: 'One caller has as many requests under way as this server lets it have. Wait for answers first.',
    retryAfter: 1,
  },
  rate_limited: {
    status: 429,
    oauth: 'temporarily_unavailable',
    message: 'Too many requests of this kind from your address. Wait a few minutes.',
    retryAfter: 600,
  },
} as const satisfies Record<string, CatalogueEntry>;
