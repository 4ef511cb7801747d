import { AppError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { describeQuota, type Quota } from '../quota.ts';
import { readMediaType } from './media-type.ts';
import type { Forward } from './token-endpoint.ts';

export interface RegistrationEndpointOptions {
  readonly forward: Forward;
  /** The metadata as this server takes it; throws AppError `invalid_client_metadata`, `invalid_redirect_uri`. */
  readonly normalize: (metadata: unknown) => object;
  /** What is left after this one; throws AppError `rate_limited`. */
  readonly admit: () => Promise<Quota>;
}

/** `/auth/register` (RFC 7591): public clients, and what cannot be honoured is said in the answer. */
export function createRegistrationEndpoint({
  forward,
  normalize,
  admit,
}: RegistrationEndpointOptions): Forward {
  return async function answer(request, body) {
    if (readMediaType(request) !== 'application/json') throw new AppError('unsupported_media_type');
    const normalized = normalize(parseJson(body));
    const quota = describeQuota(await admit());
    const response = await forward(request, JSON.stringify(normalized));
    for (const [name, value] of Object.entries(quota)) response.headers.set(name, value);
    return response;
  };
}
