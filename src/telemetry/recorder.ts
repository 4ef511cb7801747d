import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { withDeadline } from '../deadline.ts';
import type { Pipeline } from './pipeline.ts';
import type { Attributes, RemoteSpan, Span, SpanStart, Telemetry } from './telemetry.ts';

export interface RecorderOptions {
  /** Opens what the records go to; called once, when there are some. */
  readonly open: () => Promise<Pipeline>;
  /** Takes what keeps records from being sent. */
  readonly report: (error: unknown) => void;
  /** How long records wait, milliseconds: for each other, and for the answer to be out before anything is loaded. */
  readonly delayMs?: number;
  /** Most records that wait; further ones are lost, and counted. */
  readonly maxWaiting?: number;
}

/** Runs work as part of no span. */
type Detach = (work: () => NodeJS.Timeout) => NodeJS.Timeout;

type Delivery = (pipeline: Pipeline) => void;

/** How long the end of the process may take, milliseconds. */
const closingMs = 5_000;

function createQueue(
  { open, report, delayMs = 1_000, maxWaiting = 20_000 }: RecorderOptions,
  detach: Detach,
) {
  let waiting: Delivery[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let pipeline: Promise<Pipeline> | undefined;
  let isClosed = false;

  function handOver(opened: Pipeline): void {
    const [deliveries, missing] = [waiting, lost];
    [waiting, lost] = [[], 0];
    for (const deliver of deliveries) deliver(opened);
    if (missing > 0) report(new Error(`${missing} records were too many`));
  }

  async function drain(): Promise<void> {
    timer = undefined;
    try {
      pipeline ??= open();
      handOver(await pipeline);
    } catch (error) {
      // What cannot be opened will not be by trying again: its settings are wrong.
      isClosed = true;
      waiting = [];
      report(error);
    }
  }

  return {
    push(delivery: Delivery): void {
      if (isClosed) return;
      if (waiting.length >= maxWaiting) {
        lost += 1;
        return;
      }
      waiting.push(delivery);
      timer ??= detach(() => setTimeout(() => void drain(), delayMs).unref());
    },
    async close(): Promise<void> {
      clearTimeout(timer);
      if (waiting.length > 0) await drain();
      isClosed = true;
      const opened = await pipeline?.catch(() => undefined);
      const closing = opened?.close() ?? Promise.resolve();
      await withDeadline(closing, closingMs, () => new Error('not all was sent in time')).catch(report);
    },
  };
}

/** A span goes on the one that it was told of, or else the one that runs now; only where there is neither it begins a trace. */
function place({ parent }: SpanStart, current: RemoteSpan | undefined) {
  const above = parent ?? current;
  return {
    traceId: above?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parent: above && { ...above, isRemote: parent !== undefined },
    links: parent === undefined || current === undefined ? [] : [current],
  };
}

/**
 * Writes down spans, measurements and lines where they happen, which takes microseconds and no library, and hands them
 * over behind the answers: the first request of a cold instance is seen whole, and does not wait for being seen.
 */
export function createRecorder(options: RecorderOptions): Telemetry {
  const running = new AsyncLocalStorage<RemoteSpan>();
  const { push, close } = createQueue(options, (work) => running.exit(work));

  function begin(start: SpanStart): Span {
    const placed = place(start, running.getStore());
    const { traceId, spanId } = placed;
    const startedAt = Date.now();
    const began = performance.now();
    const attributes: Record<string, Attributes[string]> = { ...start.attributes };
    let failure: string | undefined;
    return {
      traceId,
      set: (more) => void Object.assign(attributes, more),
      fail: (type) => void (failure = type),
      run: (work) => running.run({ traceId, spanId }, work),
      end() {
        const ms = performance.now() - began;
        const times = { startedAt, endedAt: startedAt + ms };
        const { name, kind } = start;
        push((pipeline) => pipeline.takeSpan({ ...placed, ...times, name, kind, attributes, failure }));
        return ms / 1_000;
      },
    };
  }

  return {
    begin,
    count: (metric, attributes) =>
      push((pipeline) => pipeline.takeMeasurement({ metric, value: 1, attributes })),
    measure: (metric, value, attributes) =>
      push((pipeline) => pipeline.takeMeasurement({ metric, value, attributes })),
    traceId: () => running.getStore()?.traceId,
    takeLine({ level, event, ...fields }) {
      const line = { at: Date.now(), span: running.getStore(), level, event, fields };
      push((pipeline) => pipeline.takeLine(line));
    },
    close,
  };
}
