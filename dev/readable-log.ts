import type { LogLevel, LogSink } from '../src/log.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Quoted where it could be taken for more than one field. */
function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s="]+$/.test(value) ? value : JSON.stringify(value);
}

function formatFields(fields: Fields, without: readonly string[]): string {
  return Object.entries(fields)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `${name}=${formatValue(value)}`)
    .join(' ');
}

const silent = ['level', 'event', 'requestId'];
const leading = ['method', 'route', 'status', 'ms'];

function formatEvent(fields: Fields): string {
  if (fields.event !== 'request') return `${String(fields.event)} ${formatFields(fields, silent)}`;
  const [method, route, status, ms] = leading.map((name) => String(fields[name]));
  return `${method} ${route} ${status} ${ms} ms ${formatFields(fields, [...silent, ...leading])}`;
}

/** Enough of the id to find the line of an error body; where nothing went wrong nobody looks for it. */
function formatId(level: LogLevel, { requestId }: Fields): string {
  const isWanted = (level === 'warn' || level === 'error') && typeof requestId === 'string';
  return isWanted ? ` requestId=${requestId.slice(0, 8)}` : '';
}

function formatLine(level: LogLevel, line: string, at: Date): string {
  const fields = JSON.parse(line) as Fields;
  const text = formatEvent(fields).trimEnd() + formatId(level, fields);
  // One line, no escape sequences and nothing invisible, whatever a value holds: some come from requests.
  return `${at.toTimeString().slice(0, 8)} ${level.padEnd(5)} ${text}`.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu,
    ' ',
  );
}

/** A sink for people: time, level and what happened, without JSON. `write` gets one line, without its end. */
export function createReadableSink(write: (line: string) => void, now: () => number = Date.now): LogSink {
  return (level, line) => write(formatLine(level, line, new Date(now())));
}
