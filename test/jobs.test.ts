import { describe, expect, it } from '@jest/globals';
import { AppError } from '../src/errors.ts';
import { createJob, type Work } from '../src/jobs.ts';
import type { LogLevel } from '../src/log.ts';

function createTestJob(run: Work['run'], logLevel: LogLevel = 'info') {
  const lines: { level: LogLevel; fields: unknown }[] = [];
  const work = { name: 'sweep', schedule: '0 */15 * * * *', everyMs: 900_000, run };
  const sink = (level: LogLevel, line: string) => void lines.push({ level, fields: JSON.parse(line) });
  return { job: createJob(work, { sink, logLevel }), lines };
}

describe('a job', () => {
  it('keeps its name and schedule, and logs one line with what it did', async () => {
    const { job, lines } = createTestJob(() => Promise.resolve({ removed: 3, finished: true }));
    await job.run();
    expect(job).toMatchObject({ name: 'sweep', schedule: '0 */15 * * * *', everyMs: 900_000 });
    const fields = { level: 'info', event: 'job', job: 'sweep', ms: expect.any(Number) };
    expect(lines).toEqual([{ level: 'info', fields: { ...fields, removed: 3, finished: true } }]);
  });

  it('warns when it is late', async () => {
    const { job, lines } = createTestJob(() => Promise.resolve({ removed: 3 }));
    await job.run({ late: true });
    expect(lines).toEqual([
      { level: 'warn', fields: expect.objectContaining({ event: 'job', late: true, removed: 3 }) },
    ]);
  });

  it('never rejects: a failure is one line with its code, detail and cause', async () => {
    const failure = new AppError('storage_unavailable', { detail: 'mcpCodes: status 503' });
    const { job, lines } = createTestJob(() => Promise.reject(failure));
    await expect(job.run()).resolves.toBeUndefined();
    expect(lines).toEqual([
      {
        level: 'error',
        fields: {
          level: 'error',
          event: 'job',
          job: 'sweep',
          ms: expect.any(Number),
          error: 'storage_unavailable',
          detail: 'mcpCodes: status 503',
        },
      },
    ]);
  });

  it('survives work that throws before it gives a promise', async () => {
    const { job, lines } = createTestJob(() => {
      throw new Error('broken');
    });
    await job.run();
    expect(lines).toEqual([
      { level: 'error', fields: expect.objectContaining({ event: 'job', cause: 'Error: broken' }) },
    ]);
  });

  it('logs to the host’s own log where there is one, at the configured level', async () => {
    const { job, lines } = createTestJob(() => Promise.resolve({}), 'warn');
    const hostLines: string[] = [];
    const sink = (_level: LogLevel, line: string) => void hostLines.push(line);
    await job.run({ sink });
    expect(hostLines).toEqual([]);
    await job.run({ sink, late: true });
    expect([hostLines.length, lines]).toEqual([1, []]);
  });
});
