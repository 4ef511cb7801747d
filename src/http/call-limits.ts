import type { Principal } from '../auth/principal.ts';
import { putLast } from '../bounded-map.ts';
import { AppError } from '../errors.ts';
import type { Admission, Quota } from '../quota.ts';
import { nameUser } from './audit.ts';
import { clientAddress } from './client-address.ts';
import type { EndpointRoute } from './endpoint.ts';

export interface WindowsOptions {
  readonly policy: string;
  /** Most calls of one key in a window. */
  readonly most: number;
  readonly windowMs: number;
  /** Most keys remembered; beyond that the one whose window began first is forgotten, and begins anew. */
  readonly maxKeys?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Counts calls by a key in windows that begin with the first call, in the memory of this instance alone. */
export function createWindows({
  policy,
  most,
  windowMs,
  maxKeys = 10_000,
  now = Date.now,
}: WindowsOptions): (key: string) => Admission {
  /** In the order in which they began. */
  const windows = new Map<string, { count: number; readonly endsAt: number }>();

  function begin(key: string, at: number) {
    const window = { count: 0, endsAt: at + windowMs };
    putLast(windows, key, window, maxKeys);
    return window;
  }

  return function admit(key) {
    const at = now();
    const known = windows.get(key);
    const window = known !== undefined && at < known.endsAt ? known : begin(key, at);
    const admitted = window.count < most;
    if (admitted) window.count += 1;
    const quota = { policy, most, windowMs, remaining: most - window.count, resetMs: window.endsAt - at };
    return { admitted, quota };
  };
}

/** Counts a request where its route says so: what is left to its caller, or undefined where nothing is counted. */
export type CountCall = (
  route: EndpointRoute,
  request: Request,
  principal: Principal | undefined,
) => Quota | undefined;

export interface CallLimitsOptions {
  /** In a minute, by tenant and object id; 0 for any number. */
  readonly perCaller: number;
  /** In a minute; 0 for any number. */
  readonly perAddress: number;
  /** As `clientAddress` has it. */
  readonly trustedProxies: number;
  readonly now?: () => number;
}

const windowMs = 60_000;

/**
 * The limits that cost no question to the storage: each instance counts for itself.
 * @throws AppError `too_many_calls` from what it makes
 */
export function createCallLimits(options: CallLimitsOptions): CountCall {
  const { perCaller, perAddress, trustedProxies, now = Date.now } = options;
  const callers = createWindows({ policy: 'caller', most: perCaller, windowMs, now });
  const addresses = createWindows({ policy: 'address', most: perAddress, windowMs, now });

  function admit({ counted }: EndpointRoute, { headers }: Request, principal: Principal | undefined) {
    if (counted === 'caller' && perCaller > 0 && principal !== undefined) return callers(nameUser(principal));
    const isCounted = counted === 'address' && perAddress > 0;
    return isCounted ? addresses(clientAddress(headers, trustedProxies)) : undefined;
  }

  return function countCall(route, request, principal) {
    const admission = admit(route, request, principal);
    if (admission === undefined || admission.admitted) return admission?.quota;
    throw new AppError('too_many_calls', { quota: admission.quota });
  };
}
