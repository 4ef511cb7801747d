import type { CounterName, HistogramName } from './names.ts';

/** What is said of a span or a measurement, by OpenTelemetry's names where there are any; undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span of another process (W3C Trace Context). */
export interface RemoteSpan {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string;
}

export interface SpanStart {
  readonly name: string;
  /** `server` answers another process, `client` asks one, `internal` does neither. */
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: Attributes;
  /** What this goes on, in another process; the span that runs now is then linked. Without it, that one is gone on. */
  readonly parent?: RemoteSpan | undefined;
}

/** Takes whether a cache knew what it was asked for. */
export type CountLookup = (isKnown: boolean) => void;

/** Puts a question to one dependency, so that it is seen. */
export type Ask = <T>(operation: string, work: () => Promise<T>, attributes?: Attributes) => Promise<T>;

/** A piece of work that has begun. */
export interface Span {
  readonly traceId: string;
  set(attributes: Attributes): void;
  /** Says that the work failed, and with what: one of few values, never a message. */
  fail(type: string): void;
  /** Runs work, and all that it begins, as part of this. */
  run<T>(work: () => T): T;
  /** Ends it; seconds since it began. */
  end(): number;
}

/**
 * What an operator sees of the server beside its answers. Nothing here waits, throws or rejects. A server that is not to
 * be seen has no telemetry at all (undefined), so that not being seen costs a comparison.
 */
export interface Telemetry {
  begin(start: SpanStart): Span;
  count(counter: CounterName, attributes: Attributes): void;
  measure(histogram: HistogramName, seconds: number, attributes: Attributes): void;
  /** The trace that what runs now belongs to. */
  traceId(): string | undefined;
  /** Takes a line of the log. */
  takeLine(line: Attributes & { readonly level: string; readonly event: string }): void;
  /** Sends what it has, within 5 seconds, and takes nothing more: for the end of the process. */
  close(): Promise<void>;
}
