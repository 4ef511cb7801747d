import * as z from 'zod';
import { setting } from './setting.ts';
import { flag, secureUrl } from './values.ts';

/** What OpenTelemetry’s own names set. The exporters read the others of OTEL_EXPORTER_OTLP_* by themselves. */
export const telemetrySettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(secureUrl.optional(), {
    description: 'Where traces, metrics and the log are sent in OTLP over HTTP. Empty: nowhere.',
    example: 'http://127.0.0.1:4318',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: setting(z.string().default(''), {
    description:
      'Headers for it, `name=value`, comma-separated, values percent-encoded. In Azure a Key Vault reference.',
    example: 'api-key=abc',
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: setting(
    z.enum(['http/protobuf', 'http/json'], 'must be "http/protobuf" or "http/json"').default('http/protobuf'),
    {
      description: 'How it is written: `http/protobuf` or `http/json`. gRPC is not spoken.',
      example: 'http/protobuf',
    },
  ),
  APPLICATIONINSIGHTS_CONNECTION_STRING: setting(
    z
      .string()
      .regex(/(^|;)InstrumentationKey=[\da-f-]{36}(;|$)/i, 'must be a connection string with its key')
      .optional(),
    {
      description:
        'Where traces and metrics are sent in Azure. The host sends requests and the log there too.',
      example: 'InstrumentationKey=66666666-6666-4666-8666-666666666666',
    },
  ),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: setting(
    z
      .string()
      .regex(
        /^(ClientId=[\da-f-]{36};)?Authorization=AAD;?$/i,
        'must be "Authorization=AAD", with "ClientId=…;" before it for a user-assigned identity',
      )
      .optional(),
    {
      description: 'With whose token: that of the managed identity. Without it the key alone must do.',
      example: 'ClientId=44444444-4444-4444-8444-444444444444;Authorization=AAD',
    },
  ),
  OTEL_TRACES_SAMPLER_ARG: setting(
    z.coerce.number('must be a number').min(0, 'must be at least 0').max(1, 'must be at most 1').default(1),
    {
      description: 'Part of the traces that is sent, 0 to 1. The sampler is always `traceidratio`.',
      example: '0.1',
    },
  ),
  OTEL_SDK_DISABLED: setting(flag.default(false), {
    description: 'true sends nothing, whatever the names above say. What the host sends stays.',
    example: 'true',
  }),
};
