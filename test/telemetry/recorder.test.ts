import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { LineRecord, MeasurementRecord, Pipeline, SpanRecord } from '../../src/telemetry/pipeline.ts';
import { createRecorder, type RecorderOptions } from '../../src/telemetry/recorder.ts';
import { waitFor } from '../support/wait-for.ts';

/** Keeps what it is handed. */
function createKeeper() {
  const kept = {
    spans: [] as SpanRecord[],
    measurements: [] as MeasurementRecord[],
    lines: [] as LineRecord[],
    opened: 0,
    closed: 0,
    reported: [] as unknown[],
  };
  const pipeline: Pipeline = {
    takeSpan: (record) => void kept.spans.push(record),
    takeMeasurement: (record) => void kept.measurements.push(record),
    takeLine: (record) => void kept.lines.push(record),
    close: () => Promise.resolve(void (kept.closed += 1)),
  };
  const options: RecorderOptions = {
    open: () => Promise.resolve(((kept.opened += 1), pipeline)),
    report: (error) => void kept.reported.push(error),
    delayMs: 1,
  };
  return { kept, options };
}

const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

describe('the recorder', () => {
  it('opens nothing before there is something to hand over, nor at its end', async () => {
    const { kept, options } = createKeeper();
    const recorder = createRecorder(options);
    await recorder.close();
    expect(kept).toMatchObject({ opened: 0, closed: 0, reported: [] });
  });

  it('hands over behind what it records, in one piece, and opens once', async () => {
    const { kept, options } = createKeeper();
    const recorder = createRecorder(options);
    recorder.count('entra_mcp.calls', { method: 'ping' });
    recorder.measure('mcp.server.operation.duration', 0.5, {});
    recorder.takeLine({ level: 'info', event: 'request', route: '/mcp' });
    expect(kept).toMatchObject({ opened: 0, measurements: [], lines: [] });
    await waitFor('a line', () => kept.lines.length > 0);
    recorder.count('entra_mcp.calls', { method: 'ping' });
    await recorder.close();
    expect(kept).toMatchObject({ opened: 1, closed: 1, reported: [] });
    expect(kept.measurements.map(({ metric, value }) => [metric, value])).toEqual([
      ['entra_mcp.calls', 1],
      ['mcp.server.operation.duration', 0.5],
      ['entra_mcp.calls', 1],
    ]);
    expect(kept.lines).toEqual([
      expect.objectContaining({
        level: 'info',
        event: 'request',
        fields: { route: '/mcp' },
        span: undefined,
      }),
    ]);
  });

  it('puts what begins inside a span below it, also behind its end', async () => {
    const { kept, options } = createKeeper();
    const recorder = createRecorder(options);
    const outer = recorder.begin({ name: 'outer', kind: 'server' });
    const later = outer.run(async () => {
      await wait(1);
      recorder.takeLine({ level: 'info', event: 'inside' });
      recorder.begin({ name: 'inner', kind: 'client' }).end();
      return recorder.traceId();
    });
    outer.set({ route: '/mcp' });
    outer.end();
    expect(await later).toBe(outer.traceId);
    expect(recorder.traceId()).toBeUndefined();
    await recorder.close();
    const [first, second] = kept.spans;
    expect(first).toMatchObject({
      name: 'outer',
      parent: undefined,
      links: [],
      attributes: { route: '/mcp' },
    });
    expect(second).toMatchObject({
      name: 'inner',
      traceId: outer.traceId,
      parent: { traceId: outer.traceId, spanId: first?.spanId, isRemote: false },
    });
    expect(kept.lines[0]?.span).toEqual({ traceId: outer.traceId, spanId: first?.spanId });
  });

  it('goes on what another process began, and links what runs here', async () => {
    const { kept, options } = createKeeper();
    const recorder = createRecorder(options);
    const outer = recorder.begin({ name: 'outer', kind: 'server' });
    outer.run(() => recorder.begin({ name: 'inner', kind: 'server', parent: remote })).end();
    outer.end();
    await recorder.close();
    const [inner, around] = kept.spans;
    expect(inner).toMatchObject({
      traceId: remote.traceId,
      parent: { ...remote, isRemote: true },
      links: [{ traceId: around?.traceId, spanId: around?.spanId }],
    });
    expect(around?.traceId).not.toBe(remote.traceId);
  });

  it('counts what is too much, and says so', async () => {
    const { kept, options } = createKeeper();
    const recorder = createRecorder({ ...options, maxWaiting: 2 });
    for (let index = 0; index < 5; index += 1) recorder.count('entra_mcp.calls', { index });
    await recorder.close();
    expect(kept.measurements.map(({ attributes }) => attributes.index)).toEqual([0, 1]);
    expect(kept.reported).toEqual([new Error('3 records were too many')]);
  });

  it('says once that it cannot be opened, and then takes nothing', async () => {
    const { kept, options } = createKeeper();
    const failure = new Error('no such exporter');
    let asked = 0;
    const recorder = createRecorder({
      ...options,
      open: () => Promise.reject(((asked += 1), failure)),
    });
    recorder.count('entra_mcp.calls', {});
    await waitFor('a report', () => kept.reported.length > 0);
    recorder.count('entra_mcp.calls', {});
    await recorder.close();
    expect(kept.reported).toEqual([failure]);
    expect(asked).toBe(1);
  });

  it('reports an end that fails, and does not reject', async () => {
    const { kept, options } = createKeeper();
    const failure = new Error('cannot close');
    const recorder = createRecorder({
      ...options,
      open: async () => ({ ...(await options.open()), close: () => Promise.reject(failure) }),
    });
    recorder.count('entra_mcp.calls', {});
    await recorder.close();
    expect(kept.reported).toEqual([failure]);
  });
});
