import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig, type Config } from '../../src/config.ts';
import { createTestEnvironment } from '../support/server.ts';

const key = '66666666-6666-4666-8666-666666666666';
const clientId = '44444444-4444-4444-8444-444444444444';
const azure = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${key};IngestionEndpoint=https://in.example/`,
};
const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otlp/' };

function load(changes: NodeJS.ProcessEnv): Config['telemetry'] {
  return loadConfig(createTestEnvironment(changes)).telemetry;
}

function faultsOf(changes: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(changes);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ name }) => name);
    throw error;
  }
}

describe('the settings of telemetry', () => {
  it('send nothing unless one says where to', () => {
    expect(load({})).toEqual({ share: 1 });
    const others = {
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
    };
    expect(
      load({ ...others, OTEL_EXPORTER_OTLP_ENDPOINT: '', APPLICATIONINSIGHTS_CONNECTION_STRING: '' }),
    ).toEqual({
      share: 1,
    });
  });

  it('send to a collector, in protobuf unless it is to be JSON', () => {
    const collector = { endpoint: 'https://collector.example/otlp', headers: '', protocol: 'http/protobuf' };
    expect(load(otlp).otlp).toEqual(collector);
    const json = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=abc' };
    expect(load({ ...otlp, ...json }).otlp).toEqual({
      ...collector,
      headers: 'api-key=abc',
      protocol: 'http/json',
    });
  });

  it.each([
    [undefined, undefined],
    ['Authorization=AAD', {}],
    [`ClientId=${clientId};Authorization=AAD`, { clientId }],
  ])('send to Application Insights as whoever %s names', (authentication, identity) => {
    const { azureMonitor } = load({ ...azure, APPLICATIONINSIGHTS_AUTHENTICATION_STRING: authentication });
    expect(azureMonitor).toEqual({
      connectionString: azure.APPLICATIONINSIGHTS_CONNECTION_STRING,
      ...(identity !== undefined && { identity }),
    });
  });

  it('send to neither where OpenTelemetry is switched off', () => {
    expect(load({ ...azure, ...otlp, OTEL_SDK_DISABLED: 'true' })).toEqual({ share: 1 });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector.example:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'IngestionEndpoint=https://in.example/'],
    ['APPLICATIONINSIGHTS_AUTHENTICATION_STRING', 'Authorization=Key'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.1'],
    ['OTEL_TRACES_SAMPLER_ARG', 'half'],
    ['OTEL_SDK_DISABLED', 'maybe'],
  ])('refuse %s = %s', (name, value) => {
    expect(faultsOf({ ...azure, ...otlp, [name]: value })).toEqual([name]);
  });
});
