import { describe, expect, it } from '@jest/globals';
import { parseTraceparent } from '../../src/telemetry/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    `00-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-00`,
    ` 00-${traceId}-${spanId}-01 `,
    // Of a version to come, what is known of this one counts (section 3.2.2).
    `cc-${traceId}-${spanId}-01-more`,
  ])('names a span: %s', (value) => {
    expect(parseTraceparent(value)).toEqual({ traceId, spanId });
  });

  it.each([
    undefined,
    null,
    12,
    { traceparent: 'x' },
    '',
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  ])('names none: %j', (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});
