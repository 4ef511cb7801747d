import { describeFailure } from './http/failure-fields.ts';
import { createLog, type LogFields, type LogLevel, type LogSink } from './log.ts';
import { failureType, observe } from './telemetry/observe.ts';
import type { Span, Telemetry } from './telemetry/telemetry.ts';

/** Work that no request asks for. */
export interface Work {
  /** Name of the function on Azure: letters, digits and `-`. Unique among routes and jobs. */
  readonly name: string;
  /** NCRONTAB with six fields, seconds first, in UTC. */
  readonly schedule: string;
  /** The same in milliseconds, for a host without a schedule of its own. */
  readonly everyMs: number;
  /** What it has done, for the log: counts only. May run on several instances at once. */
  run(): Promise<LogFields>;
}

/** What a host gives to a job; a host that gives nothing gets the app's log. */
export interface JobInvocation {
  /** The host's own log for this run. */
  readonly sink?: LogSink;
  /** Whether the host missed the time. */
  readonly late?: boolean;
}

/** Work that a host can schedule. */
export interface Job extends Omit<Work, 'run'> {
  /** Logs one line, `job`, whatever comes of it. Never rejects. */
  run(invocation?: JobInvocation): Promise<void>;
}

export interface JobOptions {
  readonly sink: LogSink;
  readonly logLevel: LogLevel;
  readonly telemetry?: Telemetry | undefined;
}

/** The work, guarded: a failure is logged and reaches nobody, since the next run does what this one did not. */
export function createJob({ run, ...schedule }: Work, options: JobOptions): Job {
  return {
    ...schedule,
    async run({ sink = options.sink, late = false } = {}) {
      const { telemetry } = options;
      const log = createLog(sink, options.logLevel, telemetry);
      const startedAt = performance.now();
      const describe = () => ({
        job: schedule.name,
        ms: Math.round(performance.now() - startedAt),
        ...(late && { late }),
      });
      const runLogged = async (span?: Span) => {
        try {
          const result = await run();
          log(late ? 'warn' : 'info', 'job', { ...describe(), ...result });
        } catch (error) {
          span?.fail(failureType(error));
          log('error', 'job', { ...describe(), ...describeFailure(error) });
        }
      };
      if (telemetry === undefined) return runLogged();
      return observe(telemetry, { name: `job ${schedule.name}`, kind: 'internal' }, runLogged);
    },
  };
}
