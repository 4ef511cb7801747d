import { AppError } from '../errors.ts';
import type { Dependency } from './names.ts';
import type { Ask, Attributes, Span, SpanStart, Telemetry } from './telemetry.ts';

/** What a span or a measurement says of an error: its code or the name of its class, never its message. */
export function failureType(error: unknown): string {
  if (error instanceof AppError) return error.code;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Runs work as a span, which fails where the work rejects. */
export async function observe<T>(
  telemetry: Telemetry,
  start: SpanStart,
  work: (span: Span) => Promise<T>,
  ended?: (seconds: number, failure: string | undefined) => void,
): Promise<T> {
  const span = telemetry.begin(start);
  let failure: string | undefined;
  try {
    return await span.run(() => work(span));
  } catch (error) {
    failure = failureType(error);
    span.fail(failure);
    throw error;
  } finally {
    ended?.(span.end(), failure);
  }
}

/** Puts a question that nobody is to see. */
export const askUnseen: Ask = (_operation, work) => work();

/** A question to something that this server depends on: a span, and a measurement of how long it took. */
export function askObserved<T>(
  telemetry: Telemetry,
  { dependency, operation, ...attributes }: Attributes & { dependency: Dependency; operation: string },
  work: () => Promise<T>,
): Promise<T> {
  const start: SpanStart = {
    name: `${dependency} ${operation}`,
    kind: 'client',
    attributes: { 'peer.service': dependency, ...attributes },
  };
  return observe(telemetry, start, work, (seconds, failure) =>
    telemetry.measure('entra_mcp.dependency.duration', seconds, {
      'peer.service': dependency,
      'entra_mcp.operation': operation,
      'error.type': failure,
    }),
  );
}

type Method = (...parameters: never[]) => Promise<unknown>;

/** The object with each of these methods a question to the dependency, by the method's name. */
export function observeMethods<T extends object>(
  telemetry: Telemetry,
  dependency: Dependency,
  target: T,
  methods: readonly { [K in keyof T]: T[K] extends Method ? K & string : never }[keyof T][],
  attributes: Attributes = {},
): T {
  const observed = methods.map((operation) => {
    const method = target[operation] as (...parameters: unknown[]) => Promise<unknown>;
    return [
      operation,
      (...parameters: unknown[]) =>
        askObserved(telemetry, { ...attributes, dependency, operation }, () => method(...parameters)),
    ];
  });
  return { ...target, ...(Object.fromEntries(observed) as Partial<T>) };
}
