import type { CatalogueEntry } from './errors/entry.ts';
import { failures } from './errors/failures.ts';
import { requestErrors } from './errors/requests.ts';
import { tokenErrors } from './errors/tokens.ts';
import type { Quota } from './quota.ts';

/**
 * The closed set of things that can go wrong between a request and its answer.
 *
 * `message` is what the caller reads: it says what to do next and never contains a value from the request,
 * from a token or from configuration. Whatever else is known goes to `detail` and `cause`, which only the log sees.
 */
const catalogue = { ...tokenErrors, ...requestErrors, ...failures } as const;

export type ErrorCode = keyof typeof catalogue;

/** What the catalogue says of a code. */
export function describeError(code: ErrorCode): CatalogueEntry {
  return catalogue[code];
}

/** What the caller reads of a failure. */
export function describeToCaller({ code, message, detail }: AppError): string {
  return describeError(code).showsDetail === true && detail !== undefined
    ? `${message} (${detail})`
    : message;
}

/** Every code of the catalogue, in its order. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

export interface AppErrorOptions {
  /** For the log only, unless the catalogue shows it. May name claims and configured values, never a token or a secret. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** The limit that was met: when it lets requests through again. */
  readonly quota?: Quota;
}

/** A failure with a code of the catalogue; its `message` is the public one. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly quota: Quota | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(catalogue[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.quota = options.quota;
  }
}

/** The error itself if it is one of ours, otherwise `internal_error` around it. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal_error', { cause: error });
}
