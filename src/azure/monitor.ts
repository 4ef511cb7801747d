import type { TokenCredential } from '@azure/identity';
import {
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from '@azure/monitor-opentelemetry-exporter';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Exporters } from '../telemetry/opentelemetry.ts';

export interface MonitorOptions {
  readonly connectionString: string;
  /** Whose token goes along; absent where the key in the connection string does. */
  readonly credential?: TokenCredential;
  /** Whether the host writes requests and the log to Application Insights itself. */
  readonly hostRecords: boolean;
}

function toInternal(span: ReadableSpan): ReadableSpan {
  return span.kind === SpanKind.SERVER
    ? (Object.create(span, { kind: { value: SpanKind.INTERNAL } }) as ReadableSpan)
    : span;
}

/** What answers a request becomes a row of AppRequests, where the host has put the request already: here it is a part of that. */
function asPartsOfRequests(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, callback) => exporter.export(spans.map(toInternal), callback),
    shutdown: () => exporter.shutdown(),
  };
}

/** To Application Insights. Nothing is put by on disk: what cannot be sent is lost, with what instances keep for themselves. */
export function createMonitorExporters({
  connectionString,
  credential,
  hostRecords,
}: MonitorOptions): Exporters {
  const options = {
    connectionString,
    disableOfflineStorage: true,
    ...(credential !== undefined && { credential }),
  };
  const spans = new AzureMonitorTraceExporter(options);
  return {
    spans: hostRecords ? asPartsOfRequests(spans) : spans,
    metrics: new AzureMonitorMetricExporter(options),
    ...(!hostRecords && { logs: new AzureMonitorLogExporter(options) }),
  };
}
