import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { createTestEnvironment } from '../support/server.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';

const keep = stopAfterEach();

interface Loaded {
  readonly status: number;
  readonly atAnswer: readonly string[];
  readonly atEnd: readonly string[];
}

async function runInstance(changes: NodeJS.ProcessEnv): Promise<Loaded> {
  const { PATH, HOME, SystemRoot, TEMP } = process.env;
  const env = {
    PATH,
    HOME,
    SystemRoot,
    TEMP,
    ...createTestEnvironment({ AUTH_REQUIRED: 'false', ...changes }),
  };
  const script = join(import.meta.dirname, 'loading-instance.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script], {
    env,
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Loaded;
}

const azure = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=66666666-6666-4666-8666-666666666666',
};

describe('OpenTelemetry', () => {
  it.each([
    ['nothing is to be seen', {}],
    [
      'it is switched off',
      { ...azure, OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x.example' },
    ],
  ])('is never loaded where %s', async (_case, changes) => {
    expect(await runInstance(changes)).toEqual({ status: 200, atAnswer: [], atEnd: [] });
  });

  it('is loaded behind the first answer, and sends it', async () => {
    const receiver = await keep(startOtlpReceiver());
    const { status, atAnswer, atEnd } = await runInstance({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect([status, atAnswer]).toEqual([200, []]);
    expect(atEnd).toContain('@opentelemetry/sdk-trace-base');
    expect(atEnd.filter((name) => name.startsWith('@azure/'))).toEqual([]);
    const traces = receiver.requests.filter(({ path }) => path === '/v1/traces');
    expect(traces.map(({ body }) => body.toString('latin1')).join()).toContain('tools/call add');
  });
});
