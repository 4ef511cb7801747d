interface Refusal {
  /** The number after AADSTS. */
  readonly code: number;
  readonly status: 400 | 401;
  /** OAuth error code. */
  readonly error: string;
  /** `{}` stands for the value that the refusal is about. */
  readonly message: string;
}

const bad = (code: number, error: string, message: string): Refusal => ({
  code,
  status: 400,
  error,
  message,
});

const unauthenticated = (code: number, message: string): Refusal => ({
  code,
  status: 401,
  error: 'invalid_client',
  message,
});

/** What Entra refuses, under Entra's numbers and OAuth error codes; the wording is our own. */
export const refusalCatalogue = {
  // The request as a whole
  applicationUnknown: bad(
    700016,
    'unauthorized_client',
    'The application {} was not found in the directory.',
  ),
  crossOrigin: bad(9002326, 'invalid_request', 'Only single-page applications may redeem across origins.'),
  malformed: bad(9002313, 'invalid_request', 'The request is malformed or invalid.'),
  methodNotPost: bad(900561, 'invalid_request', 'The endpoint accepts POST requests only.'),
  parameterMissing: bad(900144, 'invalid_request', 'The request must contain the parameter {}.'),
  tenantImplied: bad(
    50059,
    'invalid_request',
    'Neither the request nor a credential says which tenant is meant.',
  ),
  tenantUnknown: bad(90002, 'invalid_request', 'The tenant {} was not found.'),

  // Client authentication
  assertionAudience: unauthenticated(700212, 'No federated identity record matches the audience {}.'),
  assertionExpired: unauthenticated(700024, 'The client assertion is outside its time of validity.'),
  assertionIssuer: unauthenticated(700211, 'No federated identity record matches the issuer {}.'),
  assertionSignature: unauthenticated(700027, 'The signature of the client assertion cannot be verified.'),
  assertionSubject: unauthenticated(700213, 'No federated identity record matches the subject {}.'),
  credentialMissing: unauthenticated(
    7000218,
    'The request must contain a client_secret or a client_assertion.',
  ),
  credentialUnexpected: unauthenticated(700025, 'A public client must present no secret and no assertion.'),
  secretWrong: unauthenticated(7000215, 'The client secret of the application {} is wrong.'),

  // Scope and resource
  resourceMismatch: bad(
    9010010,
    'invalid_target',
    'The resource parameter does not match the requested scopes.',
  ),
  resourceUnknown: bad(500011, 'invalid_resource', 'The resource principal {} was not found in the tenant.'),
  resourceUnsupported: bad(
    901002,
    'invalid_request',
    'The resource parameter is not supported; use the scope.',
  ),
  scopeEmptyOnCode: bad(28003, 'invalid_request', 'The scope must not be empty when a code is redeemed.'),
  scopeInvalid: bad(70011, 'invalid_scope', 'The scope {} is not valid.'),
  scopeMissingOnRefresh: bad(
    90009,
    'invalid_request',
    'The application {} is requesting a token for itself; name a resource in the scope.',
  ),
  scopeNotDefault: bad(
    1002012,
    'invalid_scope',
    'The scope {} is not valid; client credentials need the resource identifier followed by /.default.',
  ),
  scopeSeveralResources: bad(
    28000,
    'invalid_request',
    'The scope {} is not valid: it names several resources.',
  ),
  scopeUnknown: bad(
    650053,
    'invalid_client',
    'The application asked for the scope {}, which does not exist.',
  ),

  // Authorization request
  promptUnsupported: bad(90023, 'invalid_request', 'The prompt value {} is not supported.'),
  redirectUriUnknown: bad(
    50011,
    'invalid_request',
    'The redirect URI {} is not registered for the application.',
  ),
  responseModeUnsupported: bad(70007, 'unsupported_response_mode', 'The response_mode {} is not supported.'),
  responseTypeUnsupported: bad(70005, 'unsupported_response_type', 'The response_type {} is not supported.'),
  sessionMissing: bad(50058, 'login_required', 'A silent sign-in was requested but nobody is signed in.'),
  userDeclined: bad(65004, 'access_denied', 'The user declined.'),

  // Sign-in
  accountDisabled: bad(50057, 'invalid_grant', 'The user account is disabled.'),
  accountNotInTenant: bad(50020, 'invalid_grant', 'The user account does not exist in the tenant {}.'),
  interactionEnded: bad(
    165000,
    'invalid_request',
    'This sign-in has ended or began in another browser. Start again from the application.',
  ),
  passwordWrong: bad(50126, 'invalid_grant', 'The username or the password is wrong.'),

  // Grants
  codeExpired: bad(70008, 'invalid_grant', 'The authorization code has expired.'),
  codeRedeemed: bad(54005, 'invalid_grant', 'The authorization code was already redeemed.'),
  codeRedirectUri: bad(500112, 'invalid_grant', 'The code was requested with another redirect URI.'),
  codeVerifier: bad(501481, 'invalid_grant', 'The code_verifier does not match the code_challenge.'),
  grantInvalid: bad(70000, 'invalid_grant', 'The provided grant is invalid or malformed.'),
  grantOfOtherTenant: bad(700005, 'invalid_grant', 'The grant was issued for another tenant than {}.'),
  grantTypeUnsupported: bad(70003, 'unsupported_grant_type', 'The grant type {} is not supported here.'),
  refreshExpired: bad(700082, 'invalid_grant', 'The refresh token has expired due to inactivity.'),
} as const satisfies Record<string, Refusal>;

export type RefusalName = keyof typeof refusalCatalogue;
