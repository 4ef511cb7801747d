import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Context } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { buckets, counters, histograms, type HistogramName } from './names.ts';
import type { LineRecord, MeasurementRecord, Pipeline, SpanRecord } from './pipeline.ts';
import type { Attributes, RemoteSpan } from './telemetry.ts';

/** Where records are sent. */
export interface Exporters {
  readonly spans: SpanExporter;
  readonly metrics: PushMetricExporter;
  /** Absent where something else sends the log there. */
  readonly logs?: LogRecordExporter;
}

export interface PipelineOptions {
  readonly exporters: readonly Exporters[];
  /** Who sends; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES count for more. */
  readonly resource: Attributes;
  /** Part of the traces that is sent, 0 to 1: by their ids, so that every server with this share sends the same ones. */
  readonly share: number;
  /** Takes what keeps records from being sent. */
  readonly report: (error: unknown) => void;
}

type Resource = ReturnType<typeof resourceFromAttributes>;

/** Instances come and go: what they have is sent soon, in batches that hold what a busy second makes. */
const batching = { scheduledDelayMillis: 1_000, maxQueueSize: 20_000 };
const metricsIntervalMs = 60_000;
const scope = 'entra-mcp';

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const severities: Readonly<Record<string, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

function clean(attributes: Attributes): Record<string, string | number | boolean> {
  const entries = Object.entries(attributes).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

function contextOf(span: RemoteSpan & { readonly isRemote?: boolean }): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { ...span, traceFlags: TraceFlags.SAMPLED });
}

/** Spans as they were written down: the tracer, which would make up ids, is told theirs. */
function openTraces(resource: Resource, { exporters, share }: PipelineOptions) {
  let next: RemoteSpan = { traceId: '', spanId: '' };
  const provider = new BasicTracerProvider({
    resource,
    sampler: new TraceIdRatioBasedSampler(share),
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
    spanProcessors: exporters.map(({ spans }) => new BatchSpanProcessor(spans, batching)),
  });
  const tracer = provider.getTracer(scope);
  return {
    provider,
    takeSpan({ name, kind, attributes, startedAt, endedAt, failure, parent, links, ...ids }: SpanRecord) {
      next = ids;
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          startTime: startedAt,
          attributes: clean({ ...attributes, 'error.type': failure ?? attributes['error.type'] }),
          links: links.map((link) => ({ context: { ...link, traceFlags: TraceFlags.SAMPLED } })),
        },
        parent === undefined ? ROOT_CONTEXT : contextOf(parent),
      );
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(endedAt);
    },
  };
}

function openMetrics(resource: Resource, { exporters }: PipelineOptions) {
  const provider = new MeterProvider({
    resource,
    readers: exporters.map(
      ({ metrics }) =>
        new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: metricsIntervalMs }),
    ),
  });
  const meter = provider.getMeter(scope);
  const instruments: Record<string, (value: number, attributes: ReturnType<typeof clean>) => void> = {};
  for (const [name, description] of Object.entries(counters)) {
    const counter = meter.createCounter(name, { description });
    instruments[name] = (value, attributes) => counter.add(value, attributes);
  }
  for (const [name, description] of Object.entries(histograms)) {
    const explicitBucketBoundaries = [...buckets[name as HistogramName]];
    const options = { description, unit: 's', advice: { explicitBucketBoundaries } };
    const histogram = meter.createHistogram(name, options);
    instruments[name] = (value, attributes) => histogram.record(value, attributes);
  }
  return {
    provider,
    takeMeasurement: ({ metric, value, attributes }: MeasurementRecord) =>
      instruments[metric]?.(value, clean(attributes)),
  };
}

function openLogs(resource: Resource, { exporters }: PipelineOptions) {
  const provider = new LoggerProvider({
    resource,
    processors: exporters.flatMap(({ logs }) =>
      logs === undefined ? [] : [new BatchLogRecordProcessor({ exporter: logs, ...batching })],
    ),
  });
  const logger = provider.getLogger(scope);
  return {
    provider,
    takeLine({ at, span, level, event, fields }: LineRecord) {
      logger.emit({
        eventName: event,
        timestamp: at,
        severityNumber: severities[level] ?? SeverityNumber.UNSPECIFIED,
        severityText: level.toUpperCase(),
        body: event,
        attributes: clean(fields),
        context: span === undefined ? ROOT_CONTEXT : contextOf(span),
      });
    },
  };
}

/** OpenTelemetry's SDK behind the records. Nothing of it is set globally but who takes its failures. */
export function openPipeline(options: PipelineOptions): Pipeline {
  setGlobalErrorHandler(options.report);
  const own = resourceFromAttributes(clean(options.resource));
  const resource = own.merge(detectResources({ detectors: [envDetector] }));
  const traces = openTraces(resource, options);
  const metrics = openMetrics(resource, options);
  const logs = openLogs(resource, options);
  return {
    takeSpan: traces.takeSpan,
    takeMeasurement: metrics.takeMeasurement,
    takeLine: logs.takeLine,
    async close() {
      // Each reports its failures by itself.
      await Promise.allSettled([traces, metrics, logs].map(({ provider }) => provider.shutdown()));
    },
  };
}
