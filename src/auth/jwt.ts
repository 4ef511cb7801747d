import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type ProtectedHeaderParameters,
} from 'jose';
import * as z from 'zod';
import { AppError } from '../errors.ts';

/** Clock skew that is forgiven, seconds. */
const clockToleranceSeconds = 60;
/** Longest token looked at; Entra's stay below 8 KiB, ours below 4. */
const maxTokenLength = 16_384;

/** `exp`, to the end of year 9999, past which no date can be told. */
export const expirySchema = z.int().max(253_402_300_799);

/** Who a token says it is from. Nothing is verified yet. Undefined where it does not say. */
export function readUnverifiedIssuer(token: string): string | undefined {
  if (token.length > maxTokenLength) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/**
 * The header of a token that is signed with this algorithm.
 * @throws AppError `malformed_token`, `unsupported_algorithm`
 */
export function readHeader(token: string, algorithm: string): ProtectedHeaderParameters {
  if (token.length > maxTokenLength)
    throw new AppError('malformed_token', { detail: `${token.length} characters` });
  let header;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new AppError('malformed_token', { cause: error });
  }
  if (header.alg !== algorithm) throw new AppError('unsupported_algorithm');
  return header;
}

/** @throws AppError `unknown_signing_key` when the header names none */
export function requireKeyId({ kid }: ProtectedHeaderParameters): string {
  if (typeof kid !== 'string') throw new AppError('unknown_signing_key', { detail: 'no kid' });
  return kid;
}

function toVerificationError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new AppError('expired_token', { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    const code =
      error.claim === 'nbf' && error.reason === 'check_failed' ? 'token_not_yet_valid' : 'invalid_claims';
    return new AppError(code, { cause: error });
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new AppError('invalid_signature', { cause: error });
  return error instanceof errors.JOSEError ? new AppError('malformed_token', { cause: error }) : error;
}

/**
 * The claims of a token whose signature and times hold. `exp` is required.
 * @param now milliseconds since the epoch
 * @throws AppError `invalid_signature`, `expired_token`, `token_not_yet_valid`, `invalid_claims`, `malformed_token`
 */
export async function verifyJwt(
  token: string,
  key: CryptoKey,
  { algorithm, now }: { readonly algorithm: string; readonly now: number },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    throw toVerificationError(error);
  }
}

/** @throws AppError `invalid_claims` */
export function parseClaims<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new AppError('invalid_claims', { detail: `claims: ${names.join(', ')}` });
}
