import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { startIngestion } from '../support/ingestion.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { buildPackage } from '../support/package-process.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { createTestEnvironment } from '../support/server.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { userToken } from '../support/tokens.ts';

const keep = stopAfterEach();

it('the package sends to Application Insights and to a collector, at the latest when its instance is taken away', async () => {
  const built = await keep(buildPackage());
  const ingestion = await keep(startIngestion());
  const receiver = await keep(startOtlpReceiver());
  const trusted = join(built.folder, 'trusted.pem');
  writeFileSync(trusted, ingestion.certificate);
  const environment = createTestEnvironment({
    APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString,
    APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    NODE_EXTRA_CA_CERTS: trusted,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  await createTables(loadConfig(environment).tables).ensureTables();
  const origin = await built.start(environment);
  const mcp = createRawMcp(new URL('/mcp', origin), await userToken('alice'));
  const response = await mcp.modern('tools/call', { name: 'get_user_notes', arguments: {} });
  expect(response.status).toBe(200);
  await built.end();

  const asked = ['POST /mcp', 'tools/call get_user_notes', 'tables list'];
  const rows = ingestion.envelopes.map(({ data }) => `${data.baseType} ${String(data.baseData.name)}`);
  expect(rows).toEqual(expect.arrayContaining(asked.map((name) => `RemoteDependencyData ${name}`)));
  // The host writes these.
  expect(rows.filter((row) => /^(Request|Message)Data/.test(row))).toEqual([]);
  const spans = receiver.spans();
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(asked));
  expect(receiver.points('entra_mcp.calls')).toMatchObject([{ value: 1 }]);
  const requestId = response.headers.get('x-request-id');
  const [line] = receiver.lines().filter(({ event }) => event === 'request');
  expect([line?.attributes.requestId, line?.traceId]).toEqual([
    requestId,
    spans.find(({ attributes }) => attributes['entra_mcp.request_id'] === requestId)?.traceId,
  ]);
});
