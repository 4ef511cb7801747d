import { AppError } from '../errors.ts';

/** The part of the SDK's RestError that is read here; the class itself is not imported, so that it can load late. */
interface ServiceFailure extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly details?: { readonly odataError?: { readonly code?: string } };
}

const refusedStatuses = [401, 403];
const transientStatuses = [408, 429];
const tableCodes = ['TableNotFound', 'TableBeingDeleted'];
const credentialFailures = [
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
];

function isServiceFailure(error: unknown): error is ServiceFailure {
  return error instanceof Error && error.name === 'RestError';
}

function codeOf(failure: ServiceFailure): string | undefined {
  return failure.details?.odataError?.code ?? failure.code;
}

/** Why the storage counts as unavailable, or undefined when it answered. */
function explainOutage(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (credentialFailures.includes(error.name)) return 'no token for the storage could be had';
  if (!isServiceFailure(error)) return undefined;
  const status = error.statusCode;
  const code = codeOf(error);
  if (status === undefined || code === 'PARSE_ERROR') return `no usable answer (${code ?? 'no code'})`;
  if (code !== undefined && tableCodes.includes(code)) return `the table is not there (${code})`;
  if (refusedStatuses.includes(status)) {
    return `access refused (${status} ${code ?? ''}): does the identity have Storage Table Data Contributor?`;
  }
  if (status >= 500 || transientStatuses.includes(status)) return `status ${status} ${code ?? ''}`;
  return undefined;
}

/** Status with which the storage refused an operation, if that is what the error is. */
export function refusalStatus(error: unknown): number | undefined {
  return isServiceFailure(error) ? error.statusCode : undefined;
}

/**
 * Runs one call to the storage, retries included, within the deadline. The one place where failures of the SDK, the
 * network and the credential become `storage_unavailable`; an answer that refuses the operation is thrown as it came.
 * @param target what is called, for the log
 * @throws AppError `storage_unavailable`
 */
export async function callStorage<T>(
  target: string,
  deadlineMs: number,
  run: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  // Raced as well as passed on as a signal: getting a token does not heed the signal everywhere.
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = `${target}: no answer within ${deadlineMs} ms`;
    expired.reject(new AppError('storage_unavailable', { detail }));
    controller.abort();
  }, deadlineMs);
  try {
    return await Promise.race([run(controller.signal), expired.promise]);
  } catch (error) {
    const outage = explainOutage(error);
    if (outage === undefined) throw error;
    throw new AppError('storage_unavailable', { detail: `${target}: ${outage}`, cause: error });
  } finally {
    clearTimeout(timer);
  }
}
