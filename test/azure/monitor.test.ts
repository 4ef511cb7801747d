import { decodeJwt } from 'jose';
import { describe, expect, it } from '@jest/globals';
import { trustCertificates } from '../../dev/trust.ts';
import { ingestionKey, startIngestion } from '../support/ingestion.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { createProxyEnvironment, createTestEnvironment, startServer } from '../support/server.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { userToken } from '../support/tokens.ts';

const keep = stopAfterEach();

// Read by the exporter: statistics of itself go to Microsoft otherwise.
process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = 'true';

async function callTool(environment: NodeJS.ProcessEnv, hostRecords: boolean) {
  const ingestion = await keep(startIngestion());
  trustCertificates(ingestion.certificate);
  const server = await startServer(
    { ...environment, APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString },
    { hostRecords },
  );
  const { modern } = createRawMcp(server.mcpUrl, await userToken('alice'));
  const response = await modern('tools/call', { name: 'get_user_notes', arguments: {} });
  expect(response.status).toBe(200);
  await server.stop();
  const requestId = response.headers.get('x-request-id') ?? '';
  const named = (type: string) =>
    ingestion.envelopes.filter(({ data }) => data.baseType === type).map(({ data }) => data.baseData.name);
  return { ...ingestion, requestId, named };
}

describe('telemetry to Application Insights', () => {
  it('has each request as a part of the row that the host writes, and leaves the log to the host', async () => {
    const { envelopes, named, requestId } = await callTool(createTestEnvironment(), true);
    expect([named('RequestData'), named('MessageData')]).toEqual([[], []]);
    const dependencies = named('RemoteDependencyData');
    for (const name of ['POST /mcp', 'tools/call get_user_notes', 'tables list', 'entra keys'])
      expect(dependencies).toContain(name);
    const operations = envelopes
      .filter(({ data }) => data.baseData.properties['entra_mcp.request_id'] === requestId)
      .map(({ tags }) => tags['ai.operation.id']);
    expect([operations.length, new Set(operations).size]).toEqual([2, 1]);
    expect(envelopes.every(({ iKey }) => iKey === ingestionKey)).toBe(true);
  });

  it('has requests and the log where no host writes them', async () => {
    const { named } = await callTool(createTestEnvironment(), false);
    expect(named('RequestData')).toEqual(expect.arrayContaining(['POST /mcp', 'tools/call get_user_notes']));
    expect(named('MessageData').length).toBeGreaterThan(0);
  });

  it('has the metrics', async () => {
    const { envelopes } = await callTool(createTestEnvironment(), true);
    const metrics = envelopes.flatMap(({ data }) => data.baseData.metrics.map(({ name }) => name));
    for (const name of ['entra_mcp.calls', 'http.server.request.duration', 'entra_mcp.cache.lookups'])
      expect(metrics).toContain(name);
  });

  it('brings a token of the managed identity, where the component takes no keys', async () => {
    const APPLICATIONINSIGHTS_AUTHENTICATION_STRING = 'Authorization=AAD';
    const environment = createProxyEnvironment({ APPLICATIONINSIGHTS_AUTHENTICATION_STRING });
    const { bearers, envelopes } = await callTool(environment, true);
    expect(envelopes.length).toBeGreaterThan(0);
    const [bearer = ''] = [...bearers].map((header) => (header ?? '').replace(/^Bearer /, ''));
    expect([bearers.size, decodeJwt(bearer).aud]).toEqual([1, 'https://monitor.azure.com']);
  });
});
