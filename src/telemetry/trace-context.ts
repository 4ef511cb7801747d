import type { RemoteSpan } from './telemetry.ts';

const pattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/;

/**
 * The span that a `traceparent` names (W3C Trace Context section 3.2), undefined for what is none. Whether its sender
 * keeps the trace does not count here: the Functions host says that it does not while it does. Who makes up the id of a
 * trace can still make up one that a share less than all keeps, or leaves out. `tracestate` and `baggage` are left
 * aside: they hold other people's data, and no trace is passed on.
 */
export function parseTraceparent(value: unknown): RemoteSpan | undefined {
  if (typeof value !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', more] = pattern.exec(value.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId } : undefined;
}
