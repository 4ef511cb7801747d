import {
  AuthorizationResponseError,
  JWT_CLAIM_COMPARISON,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import * as z from 'zod';
import { AppError } from '../errors.ts';

/** Entra said no: to the person, to the grant, or to the request. */
export class UpstreamRefusal extends Error {
  override readonly name = 'UpstreamRefusal';
  /** An RFC 6749 code that an MCP client may be told: `access_denied` or `invalid_grant`. */
  readonly code: 'access_denied' | 'invalid_grant';
  /** For the log: Entra's error code and the AADSTS number, never its description, which can name people. */
  readonly detail: string;

  constructor(code: UpstreamRefusal['code'], detail: string) {
    super(detail);
    this.code = code;
    this.detail = detail;
  }
}

/** How Entra says no: OAuth error code and AADSTS number. Its description is left behind: it can name people. */
export interface EntraAnswer {
  readonly error: string;
  readonly aadsts?: string;
  /** HTTP status; absent in a redirect. */
  readonly status?: number;
}

/** AADSTS number of a client secret that Entra does not know: it may have only the one before. */
export const wrongSecret = '7000215';

/** Said about the person or the grant: somebody has to sign in again, or may not. */
const personalErrors = [
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_grant',
  'login_required',
];
const transientErrors = ['server_error', 'temporarily_unavailable'];
/** Said in a redirect about the registration of this server. */
const registrationErrors = [
  'invalid_client',
  'invalid_resource',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
];

const bodySchema = z.object({ error: z.string(), error_description: z.string().optional() });

function toAnswer(error: string, description: string | undefined, status?: number): EntraAnswer {
  const aadsts = /\bAADSTS(\d{4,8})\b/.exec(description ?? '')?.[1];
  return {
    // A redirect's parameters pass through a browser: nothing but a code may reach the log.
    error: /^[a-z_]{1,40}$/.test(error) ? error : 'unknown_error',
    ...(aadsts !== undefined && { aadsts }),
    ...(status !== undefined && { status }),
  };
}

function describeAnswer({ error, aadsts }: EntraAnswer): string {
  return aadsts === undefined ? error : `${error} AADSTS${aadsts}`;
}

/** What Entra's token endpoint answered, where it answered with an OAuth error. */
export async function readAnswer(failure: unknown): Promise<EntraAnswer | undefined> {
  if (failure instanceof ResponseBodyError)
    return toAnswer(failure.error, failure.error_description, failure.status);
  // Thrown for the header alone, before the body is looked at.
  if (!(failure instanceof WWWAuthenticateChallengeError)) return undefined;
  const body = bodySchema.safeParse(await failure.response.json().catch(() => undefined));
  return toAnswer(
    body.data?.error ?? 'invalid_client',
    body.data?.error_description,
    failure.response.status,
  );
}

/**
 * Nothing usable came back. The library's own errors quote what they could not read, in their causes: of them only the
 * code is kept.
 */
function toUnavailable(failure: unknown): AppError {
  if (failure instanceof OperationProcessingError || failure instanceof UnsupportedOperationError)
    return new AppError('entra_unavailable', { detail: failure.code ?? failure.name });
  return new AppError('entra_unavailable', { cause: failure });
}

/**
 * What a failed call of the token endpoint means. Errors of this server's own pass unchanged.
 * @param refusal how a refusal of the person or the grant is called
 */
export function toTokenFailure(
  failure: unknown,
  answer: EntraAnswer | undefined,
  refusal: UpstreamRefusal['code'],
): unknown {
  if (failure instanceof AppError || failure instanceof UpstreamRefusal) return failure;
  if (answer === undefined) {
    const mismatch = failure instanceof OperationProcessingError && failure.code === JWT_CLAIM_COMPARISON;
    // At sign-in an ID token of another issuer, client or sign-in (nonce) is somebody's attempt.
    if (mismatch && refusal === 'access_denied') return new UpstreamRefusal(refusal, 'id token mismatch');
    return toUnavailable(failure);
  }
  const detail = describeAnswer(answer);
  if (answer.status === 429 || transientErrors.includes(answer.error))
    return new AppError('entra_unavailable', { detail });
  if (personalErrors.includes(answer.error)) return new UpstreamRefusal(refusal, detail);
  return new AppError('entra_refused_server', { detail });
}

/** What an unusable redirect to the callback means. */
export function toCallbackFailure(failure: unknown): Error {
  // Repeated or contradictory parameters; the library's message names them, its cause quotes them.
  if (!(failure instanceof AuthorizationResponseError))
    return new UpstreamRefusal('access_denied', 'callback mismatch');
  const answer = toAnswer(failure.error, failure.error_description);
  const detail = describeAnswer(answer);
  if (transientErrors.includes(answer.error)) return new AppError('entra_unavailable', { detail });
  if (personalErrors.includes(answer.error)) return new UpstreamRefusal('access_denied', detail);
  const ofRegistration =
    registrationErrors.includes(answer.error) || /^700\d{2,4}$/.test(answer.aadsts ?? '');
  return ofRegistration
    ? new AppError('entra_refused_server', { detail })
    : new UpstreamRefusal('access_denied', detail);
}
