import { gunzipSync } from 'node:zlib';
import { decodeJwt } from 'jose';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { makeCertificate } from '../../dev/certificate.ts';
import { serveFetch } from '../../dev/host.ts';
import { trustCertificates } from '../../dev/trust.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { createProxyEnvironment, createTestEnvironment, startServer } from '../support/server.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { userToken } from '../support/tokens.ts';

const keep = stopAfterEach();

const envelopeSchema = z.object({
  iKey: z.string(),
  tags: z.record(z.string(), z.string()),
  data: z.object({
    baseType: z.string(),
    baseData: z.looseObject({
      name: z.string().optional(),
      properties: z.record(z.string(), z.string()).default({}),
      metrics: z.array(z.looseObject({ name: z.string() })).default([]),
    }),
  }),
});
type Envelope = z.infer<typeof envelopeSchema>;

const key = '66666666-6666-4666-8666-666666666666';

// Read by the exporter: statistics of itself go to Microsoft otherwise.
process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = 'true';

/** What takes telemetry in Azure: JSON envelopes, posted to `/v2.1/track`. */
async function startIngestion() {
  const { cert, key: privateKey } = await makeCertificate();
  trustCertificates(cert);
  const envelopes: Envelope[] = [];
  const bearers = new Set<string | null>();
  let bytes = 0;
  const host = await serveFetch(
    async (request) => {
      expect(new URL(request.url).pathname).toBe('/v2.1/track');
      bearers.add(request.headers.get('authorization'));
      const body = Buffer.from(await request.arrayBuffer());
      const text = request.headers.get('content-encoding') === 'gzip' ? gunzipSync(body) : body;
      bytes += text.length;
      const items = z.array(envelopeSchema).parse(JSON.parse(text.toString()));
      envelopes.push(...items);
      return Response.json({ itemsReceived: items.length, itemsAccepted: items.length, errors: [] });
    },
    { port: 0, tls: { cert, key: privateKey } },
  );
  return {
    connectionString: `InstrumentationKey=${key};IngestionEndpoint=${host.url}/`,
    envelopes,
    bearers,
    bytes: () => bytes,
    stop: () => host.stop(),
  };
}

async function callTool(environment: NodeJS.ProcessEnv, hostRecords: boolean) {
  const ingestion = await keep(startIngestion());
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
    expect(envelopes.every(({ iKey }) => iKey === key)).toBe(true);
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
