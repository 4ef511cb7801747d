export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Where a finished line goes: the console, or the invocation's own log on Azure Functions. */
export type LogSink = (level: LogLevel, line: string) => void;

/** What one line says. Never a token, a secret, a body or a header's value. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one line for each event, unless the event is below the configured level. */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

/** Longest text in a line: some of it is of a stranger's choosing. */
const maxTextLength = 1_000;

/** What else is told of each line that is written. */
export interface LogWatch {
  /** The trace that a line belongs to. */
  traceId(): string | undefined;
  takeLine(line: LogFields & { readonly level: LogLevel; readonly event: string }): void;
}

function shorten(value: LogFields[string]): LogFields[string] {
  return typeof value === 'string' ? value.slice(0, maxTextLength).toWellFormed() : value;
}

/**
 * One JSON object a line: `{"level","event",…fields}`; fields that are undefined are left out. With a watch, lines that
 * belong to a trace name it.
 */
export function createLog(sink: LogSink, threshold: LogLevel, watch?: LogWatch): Log {
  const lowest = logLevels.indexOf(threshold);
  return function log(level, event, fields = {}) {
    if (logLevels.indexOf(level) < lowest) return;
    const line: Record<string, LogFields[string]> & { level: LogLevel; event: string } = { level, event };
    for (const name in fields) line[name] = shorten(fields[name]);
    if (watch !== undefined) line.traceId = watch.traceId();
    sink(level, JSON.stringify(line));
    watch?.takeLine(line);
  };
}

/**
 * An error as text for the log: its chain of names, codes and messages, without stacks.
 */
export function describeCause(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && parts.length < 5) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === 'string' ? current : typeof current);
      break;
    }
    const code = 'code' in current && typeof current.code === 'string' ? ` ${current.code}` : '';
    parts.push(`${current.name}${code}: ${current.message}`);
    current = current.cause;
  }
  return parts.join(' <- ');
}
