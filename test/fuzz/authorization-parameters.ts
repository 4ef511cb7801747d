/** What a client may send to the authorization endpoint (RFC 6749 section 4.1.1 and what builds on it). */
export const authorizationParameters = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'resource',
  'prompt',
  'code_challenge',
  'code_challenge_method',
] as const;
