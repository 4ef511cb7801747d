import { randomUUID } from 'node:crypto';
import type { errors } from 'oidc-provider';
import { refusalCatalogue } from './refusal-catalogue.ts';
import type { RefusalName } from './refusal-catalogue.ts';

/** One of Entra's refusals; `subject` is the value it is about, quoted in its message. */
export class EntraRefusal extends Error {
  override readonly name = 'EntraRefusal';
  readonly code: number;
  readonly status: number;
  readonly error: string;

  constructor(name: RefusalName, subject = '') {
    const { code, status, error, message } = refusalCatalogue[name];
    super(`AADSTS${code}: ${message.replace('{}', () => `'${subject}'`)}`);
    this.code = code;
    this.status = status;
    this.error = error;
  }
}

/** The refusal in the JSON shape of Entra's endpoints, with fresh trace and correlation ids. */
export function describeRefusal({ code, error, message }: EntraRefusal) {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return {
    error,
    error_description: `${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
}

/** oidc-provider's refusals of a grant by their detail, which is the only thing that tells them apart. */
const namesByDetail: Readonly<Record<string, RefusalName>> = {
  'authorization code already consumed': 'codeRedeemed',
  'authorization code invalid (referenced account not found)': 'accountDisabled',
  'authorization code is expired': 'codeExpired',
  'authorization code redirect_uri mismatch': 'codeRedirectUri',
  'code_verifier does not match code_challenge': 'codeVerifier',
  'code_verifier must be provided': 'codeVerifier',
  'refresh token invalid (referenced account not found)': 'accountDisabled',
  'refresh token is expired': 'refreshExpired',
};

const namesByError: Readonly<Record<string, RefusalName>> = {
  access_denied: 'userDeclined',
  invalid_grant: 'grantInvalid',
  login_required: 'sessionMissing',
};

/** What Entra says where oidc-provider refused. */
export function translateFailure(failure: errors.OIDCProviderError): EntraRefusal {
  const detailed = namesByDetail[failure.error_detail ?? ''];
  return new EntraRefusal(detailed ?? namesByError[failure.error] ?? 'malformed');
}
