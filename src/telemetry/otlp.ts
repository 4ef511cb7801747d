import { parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Config } from '../config.ts';
import type { Exporters } from './opentelemetry.ts';

type OtlpConfig = NonNullable<Config['telemetry']['otlp']>;

/** To whatever speaks OTLP over HTTP: traces, metrics and the log. Timeout, compression and the like: OTEL_EXPORTER_OTLP_*. */
export function createOtlpExporters({ endpoint, headers, protocol }: OtlpConfig): Exporters {
  const options = (signal: string) => ({
    url: `${endpoint}/v1/${signal}`,
    headers: parseKeyPairsIntoRecord(headers),
  });
  const [Traces, Metrics, Logs] =
    protocol === 'http/json'
      ? [JsonTraces, JsonMetrics, JsonLogs]
      : [ProtobufTraces, ProtobufMetrics, ProtobufLogs];
  return {
    spans: new Traces(options('traces')),
    metrics: new Metrics(options('metrics')),
    logs: new Logs(options('logs')),
  };
}
