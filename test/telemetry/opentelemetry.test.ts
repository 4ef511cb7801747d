import { describe, expect, it } from '@jest/globals';
import { describeCause } from '../../src/log.ts';
import { buckets } from '../../src/telemetry/names.ts';
import { openPipeline } from '../../src/telemetry/opentelemetry.ts';
import { createOtlpExporters } from '../../src/telemetry/otlp.ts';
import type { SpanRecord } from '../../src/telemetry/pipeline.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';

const key = 'a key that nobody may see';
const keep = stopAfterEach();

async function open(options: { share?: number; protocol?: 'http/json' | 'http/protobuf' } = {}) {
  const { share = 1, protocol = 'http/json' } = options;
  const receiver = await keep(startOtlpReceiver());
  const reported: unknown[] = [];
  const headers = `x-api-key=${encodeURIComponent(key)},x-other=1`;
  const pipeline = openPipeline({
    exporters: [createOtlpExporters({ endpoint: receiver.url, headers, protocol })],
    resource: { 'service.name': 'test', 'service.version': undefined },
    share,
    report: (error) => void reported.push(error),
  });
  return { receiver, pipeline, reported };
}

const span: SpanRecord = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parent: undefined,
  links: [],
  name: 'POST /mcp',
  kind: 'server',
  startedAt: Date.UTC(2026, 6, 28),
  endedAt: Date.UTC(2026, 6, 28) + 12.5,
  attributes: { 'http.route': '/mcp', 'http.response.status_code': 200, 'entra_mcp.era': undefined },
  failure: undefined,
};
const line = { at: span.startedAt, level: 'warn', event: 'request', fields: { route: '/mcp' } };

describe('the pipeline', () => {
  it('sends spans under the ids that they were written down with', async () => {
    const { receiver, pipeline, reported } = await open();
    const parent = { traceId: span.traceId, spanId: 'c'.repeat(16), isRemote: true };
    const link = { traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) };
    pipeline.takeSpan(span);
    pipeline.takeSpan({ ...span, spanId: 'f'.repeat(16), parent, links: [link], failure: 'timed_out' });
    await pipeline.close();
    const [whole, failed] = receiver.spans();
    expect(whole).toEqual({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: undefined,
      name: 'POST /mcp',
      kind: 'server',
      failed: false,
      attributes: { 'http.route': '/mcp', 'http.response.status_code': 200 },
      links: [],
      seconds: 0.0125,
    });
    expect(failed).toMatchObject({ spanId: 'f'.repeat(16), parentSpanId: parent.spanId, failed: true });
    expect(failed?.attributes).toMatchObject({ 'error.type': 'timed_out' });
    expect(failed?.links).toEqual([link]);
    expect(receiver.resource()).toMatchObject({ 'service.name': 'test' });
    expect(reported).toEqual([]);
  });

  it('counts, and times in the buckets that the conventions advise', async () => {
    const { receiver, pipeline } = await open();
    for (const value of [1, 2]) {
      pipeline.takeMeasurement({ metric: 'entra_mcp.calls', value, attributes: { tool: 'add' } });
      const attributes = { 'http.route': '/mcp', 'error.type': undefined };
      pipeline.takeMeasurement({ metric: 'http.server.request.duration', value, attributes });
    }
    await pipeline.close();
    expect(receiver.points('entra_mcp.calls')).toMatchObject([{ attributes: { tool: 'add' }, value: 3 }]);
    expect(receiver.points('http.server.request.duration')).toEqual([
      { attributes: { 'http.route': '/mcp' }, value: 2, bounds: buckets['http.server.request.duration'] },
    ]);
  });

  it('sends lines with the span in which they were written', async () => {
    const { receiver, pipeline } = await open();
    pipeline.takeLine({ ...line, span });
    pipeline.takeLine({ ...line, span: undefined });
    await pipeline.close();
    const { traceId, spanId } = span;
    const fields = { event: 'request', severity: 'WARN', attributes: { route: '/mcp' } };
    expect(receiver.lines()).toEqual([
      { ...fields, traceId, spanId },
      { ...fields, traceId: undefined, spanId: undefined },
    ]);
  });

  it('sends the share of the traces that is asked for, and every measurement and line', async () => {
    const { receiver, pipeline } = await open({ share: 0.5 });
    // The sampler makes a number of the id, and keeps the low ones.
    const [low, high] = [`${'0'.repeat(31)}1`, `f${'0'.repeat(31)}`];
    for (const traceId of [low, high]) pipeline.takeSpan({ ...span, traceId });
    pipeline.takeMeasurement({ metric: 'entra_mcp.calls', value: 1, attributes: {} });
    pipeline.takeLine({ ...line, span });
    await pipeline.close();
    expect(receiver.spans().map(({ traceId }) => traceId)).toEqual([low]);
    expect(receiver.points('entra_mcp.calls')).toHaveLength(1);
    expect(receiver.lines()).toHaveLength(1);
  });

  it('speaks protobuf unless told otherwise, and sends the headers in either', async () => {
    for (const protocol of ['http/protobuf', 'http/json'] as const) {
      const { receiver, pipeline } = await open({ protocol });
      pipeline.takeSpan(span);
      pipeline.takeMeasurement({ metric: 'entra_mcp.calls', value: 1, attributes: {} });
      pipeline.takeLine({ ...line, span });
      await pipeline.close();
      const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
      expect(receiver.requests.map(({ path }) => path).sort()).toEqual([
        '/v1/logs',
        '/v1/metrics',
        '/v1/traces',
      ]);
      for (const { headers } of receiver.requests) {
        expect(headers).toMatchObject({ 'content-type': type, 'x-api-key': key, 'x-other': '1' });
      }
      const traces = receiver.requests.find(({ path }) => path === '/v1/traces')?.body.toString('latin1');
      expect(traces).toContain('POST /mcp');
    }
  });

  it('reports a collector that refuses, and never with what it is sent', async () => {
    const { receiver, pipeline, reported } = await open();
    receiver.refusal = 401;
    pipeline.takeSpan(span);
    pipeline.takeMeasurement({ metric: 'entra_mcp.calls', value: 1, attributes: {} });
    pipeline.takeLine({ ...line, span });
    await pipeline.close();
    expect(reported.length).toBeGreaterThan(0);
    const told = reported.map(describeCause).join('\n');
    expect(told).toContain('Unauthorized');
    expect(told).not.toContain(key);
    expect(told).not.toContain('POST /mcp');
  });
});
