import type { CounterName, HistogramName } from './names.ts';
import type { Attributes, RemoteSpan, SpanStart } from './telemetry.ts';

/** A span that has ended. Times are milliseconds since the epoch. */
export interface SpanRecord extends Pick<SpanStart, 'name' | 'kind'>, RemoteSpan {
  readonly parent: (RemoteSpan & { readonly isRemote: boolean }) | undefined;
  readonly links: readonly RemoteSpan[];
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  /** What it failed with; undefined where it did not. */
  readonly failure: string | undefined;
}

export interface MeasurementRecord {
  readonly metric: CounterName | HistogramName;
  readonly value: number;
  readonly attributes: Attributes;
}

/** A line of the log. */
export interface LineRecord {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The span that ran. */
  readonly span: RemoteSpan | undefined;
  readonly level: string;
  readonly event: string;
  readonly fields: Attributes;
}

/** Where records go. Takes without waiting; sends in its own time. */
export interface Pipeline {
  takeSpan(record: SpanRecord): void;
  takeMeasurement(record: MeasurementRecord): void;
  takeLine(record: LineRecord): void;
  /** Sends all that it has. */
  close(): Promise<void>;
}
