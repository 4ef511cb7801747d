import type { TableServiceClientOptions } from '@azure/data-tables';
import type { AppError } from '../errors.ts';

/**
 * Tries of every client of Azure's, at most three, with pauses that the SDK draws at random. They stack on nothing: no
 * caller repeats what failed, and the deadline of a call holds for all its tries.
 */
export const retryOptions = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 };

type AdditionalPolicies = NonNullable<TableServiceClientOptions['additionalPolicies']>;

/** Whether a status tells of an outage, whoever sent it: those the SDK tries again. */
function isOutage(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/**
 * Refuses answers that are not the service's, which puts `x-ms-request-id` on each of its own: the page of a network's
 * portal would otherwise be taken for a write that was done, or for a row that is not there.
 */
export function refuseStrangers(createError: (detail: string) => AppError): AdditionalPolicies {
  return [
    {
      position: 'perRetry',
      policy: {
        name: 'refuseStrangers',
        async sendRequest(request, next) {
          const response = await next(request);
          const { headers, status } = response;
          if (headers.has('x-ms-request-id') || isOutage(status)) return response;
          throw createError(`status ${status} of something else than the service`);
        },
      },
    },
  ];
}
