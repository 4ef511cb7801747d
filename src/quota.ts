/** What of a limit is left to whoever asked. */
export interface Quota {
  /** Name of the limit: letters and dashes. */
  readonly policy: string;
  /** Most requests in a window. */
  readonly most: number;
  /** Milliseconds of a whole window. */
  readonly windowMs: number;
  /** Requests that are left in this one. */
  readonly remaining: number;
  /** Milliseconds until it ends. */
  readonly resetMs: number;
}

/** Whether a request may go on, and what is left after it. */
export interface Admission {
  readonly admitted: boolean;
  readonly quota: Quota;
}

/** Seconds until the window ends, at least one. */
export function secondsToReset({ resetMs }: Quota): number {
  return Math.max(1, Math.ceil(resetMs / 1_000));
}

/** RateLimit header fields for HTTP (draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4). */
export function describeQuota(quota: Quota): Readonly<Record<'RateLimit-Policy' | 'RateLimit', string>> {
  const { policy, most, windowMs, remaining } = quota;
  return {
    'RateLimit-Policy': `"${policy}";q=${most};w=${Math.ceil(windowMs / 1_000)}`,
    RateLimit: `"${policy}";r=${remaining};t=${secondsToReset(quota)}`,
  };
}
