import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import { startRelay } from './relay.ts';

type Value = string | number | boolean;
export type ReceivedAttributes = Readonly<Record<string, Value>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly failed: boolean;
  readonly attributes: ReceivedAttributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly seconds: number;
}

/** A point of a metric: a counter's sum, or how many values a histogram has. */
export interface ReceivedPoint {
  readonly attributes: ReceivedAttributes;
  readonly value: number;
  /** Of a histogram: the bounds of its buckets. */
  readonly bounds: readonly number[];
}

export interface ReceivedLine {
  readonly event: string | undefined;
  readonly severity: string | undefined;
  readonly attributes: ReceivedAttributes;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** A collector: what it was sent in OTLP (opentelemetry-proto, JSON encoding), in the order in which it came. */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly requests: readonly { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
  /** Status to refuse with, where it is to refuse. */
  refusal: number | undefined;
  resource(): ReceivedAttributes;
  spans(): readonly ReceivedSpan[];
  /** The latest points of a metric; counters count from the start of the process. */
  points(metric: string): readonly ReceivedPoint[];
  /** The names of all metrics. */
  metrics(): readonly string[];
  lines(): readonly ReceivedLine[];
  stop(): Promise<void>;
}

const valueSchema = z
  .object({
    stringValue: z.string(),
    boolValue: z.boolean(),
    intValue: z.coerce.number(),
    doubleValue: z.number(),
  })
  .partial()
  .transform((value) => Object.values(value)[0] ?? '');
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema }))
  .default([])
  .transform((list): ReceivedAttributes => Object.fromEntries(list.map(({ key, value }) => [key, value])));
const kinds = ['unspecified', 'internal', 'server', 'client'] as const;

const spanSchema = z
  .object({
    traceId: z.string().regex(/^[\da-f]{32}$/),
    spanId: z.string().regex(/^[\da-f]{16}$/),
    parentSpanId: z.string().optional(),
    name: z.string(),
    kind: z.int(),
    startTimeUnixNano: z.coerce.bigint(),
    endTimeUnixNano: z.coerce.bigint(),
    attributes: attributesSchema,
    links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
    status: z.object({ code: z.int().default(0) }).default({ code: 0 }),
  })
  .transform(({ kind, status, startTimeUnixNano, endTimeUnixNano, parentSpanId, ...span }) => ({
    ...span,
    parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
    kind: z.enum(['internal', 'server', 'client']).parse(kinds[kind]),
    failed: status.code === 2,
    seconds: Number(endTimeUnixNano - startTimeUnixNano) / 1e9,
  }));
const pointSchema = z
  .object({
    attributes: attributesSchema,
    asInt: z.coerce.number().optional(),
    asDouble: z.number().optional(),
    count: z.coerce.number().optional(),
    explicitBounds: z.array(z.number()).default([]),
  })
  .transform(({ attributes, asInt, asDouble, count, explicitBounds: bounds }) => ({
    attributes,
    value: asInt ?? asDouble ?? count ?? NaN,
    bounds,
  }));
const pointsSchema = z.object({ dataPoints: z.array(pointSchema) });
const metricSchema = z.object({
  name: z.string(),
  sum: pointsSchema.optional(),
  histogram: pointsSchema.optional(),
});
const lineSchema = z
  .object({
    eventName: z.string().optional(),
    severityText: z.string().optional(),
    attributes: attributesSchema,
    traceId: z.string().optional(),
    spanId: z.string().optional(),
  })
  .transform(({ eventName: event, severityText: severity, attributes, traceId, spanId }) => ({
    event,
    severity,
    attributes,
    traceId,
    spanId,
  }));

const resourceSchema = z.object({ attributes: attributesSchema });

/** What of each resource and scope a request holds. */
function listOf<T>(signal: string, list: string, item: z.ZodType<T>) {
  const scopes = z.array(z.record(z.string(), z.unknown()));
  return (body: unknown): T[] => {
    const resources = z
      .array(z.record(z.string(), z.unknown()))
      .parse((body as Record<string, unknown>)[`resource${signal}`]);
    return resources.flatMap((resource) =>
      scopes.parse(resource[`scope${signal}`]).flatMap((scope) => z.array(item).parse(scope[list])),
    );
  };
}

const readSpans = listOf('Spans', 'spans', spanSchema);
const readMetrics = listOf('Metrics', 'metrics', metricSchema);
const readLines = listOf('Logs', 'logRecords', lineSchema);

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const requests: OtlpReceiver['requests'][number][] = [];
  const state = { refusal: undefined as number | undefined };
  const { origin, stop } = await startRelay((incoming, outgoing, body) => {
    requests.push({ path: incoming.url ?? '', headers: incoming.headers, body });
    outgoing.writeHead(state.refusal ?? 200, { 'Content-Type': 'application/json' }).end('{}');
    return Promise.resolve();
  });

  function bodiesOf(path: string): unknown[] {
    return requests
      .filter((request) => request.path === path)
      .map(({ body }) => JSON.parse(body.toString()) as unknown);
  }
  const metrics = () => bodiesOf('/v1/metrics').flatMap(readMetrics);

  return Object.assign(state, {
    url: origin,
    requests,
    resource() {
      const [first] = bodiesOf('/v1/traces') as { resourceSpans: { resource: unknown }[] }[];
      return resourceSchema.parse(first?.resourceSpans[0]?.resource).attributes;
    },
    spans: () => bodiesOf('/v1/traces').flatMap(readSpans),
    points(name: string) {
      const latest = metrics().findLast((metric) => metric.name === name);
      return latest?.sum?.dataPoints ?? latest?.histogram?.dataPoints ?? [];
    },
    metrics: () => [...new Set(metrics().map(({ name }) => name))].sort(),
    lines: () => bodiesOf('/v1/logs').flatMap(readLines),
    stop,
  });
}
