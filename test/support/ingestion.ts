import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { makeCertificate } from '../../dev/certificate.ts';
import { serveFetch } from '../../dev/host.ts';

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

export const ingestionKey = '66666666-6666-4666-8666-666666666666';

/** What takes telemetry in Azure: JSON envelopes, posted to `/v2.1/track`. */
export interface Ingestion {
  readonly connectionString: string;
  /** PEM, to be trusted by whoever sends. */
  readonly certificate: string;
  readonly envelopes: readonly Envelope[];
  /** Every `Authorization` that was sent. */
  readonly bearers: ReadonlySet<string | null>;
  stop(): Promise<void>;
}

async function readText(request: Request): Promise<string> {
  const body = Buffer.from(await request.arrayBuffer());
  return (request.headers.get('content-encoding') === 'gzip' ? gunzipSync(body) : body).toString();
}

export async function startIngestion(): Promise<Ingestion> {
  const { cert: certificate, key } = await makeCertificate();
  const envelopes: Envelope[] = [];
  const bearers = new Set<string | null>();
  const host = await serveFetch(
    async (request) => {
      if (new URL(request.url).pathname !== '/v2.1/track') return new Response(null, { status: 404 });
      bearers.add(request.headers.get('authorization'));
      const items = z.array(envelopeSchema).parse(JSON.parse(await readText(request)));
      envelopes.push(...items);
      return Response.json({ itemsReceived: items.length, itemsAccepted: items.length, errors: [] });
    },
    { port: 0, tls: { cert: certificate, key } },
  );
  const connectionString = `InstrumentationKey=${ingestionKey};IngestionEndpoint=${host.url}/`;
  return { connectionString, certificate, envelopes, bearers, stop: () => host.stop() };
}
