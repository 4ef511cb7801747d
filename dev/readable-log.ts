import type { LogSink } from '../src/log.ts';

type Fields = Readonly<Record<string, unknown>>;

function formatFields(fields: Fields, without: readonly string[]): string {
  return Object.entries(fields)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

/** The id of a request is for following it across systems; here there is one. */
const silent = ['level', 'event', 'requestId'];
const leading = ['method', 'route', 'status', 'ms'];

function formatEvent(fields: Fields): string {
  if (fields.event !== 'request') return `${String(fields.event)} ${formatFields(fields, silent)}`;
  const [method, route, status, ms] = leading.map((name) => String(fields[name]));
  return `${method} ${route} ${status} ${ms} ms ${formatFields(fields, [...silent, ...leading])}`;
}

function formatLine(level: string, line: string, at: Date): string {
  const text = formatEvent(JSON.parse(line) as Fields).trimEnd();
  // One line and no escape sequences, whatever a value holds: some come from requests.
  return `${at.toTimeString().slice(0, 8)} ${level.padEnd(5)} ${text}`.replace(/\p{Cc}+/gu, ' ');
}

/** A sink for people: time, level and what happened, without JSON. `write` gets one line, without its end. */
export function createReadableSink(write: (line: string) => void, now: () => number = Date.now): LogSink {
  return (level, line) => write(formatLine(level, line, new Date(now())));
}
