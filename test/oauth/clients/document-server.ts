import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { connect as connectSocket, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import { listen } from '../../../dev/listen.ts';
import { trustCertificates } from '../../../dev/trust.ts';
import type { Connect, Resolve } from '../../../src/oauth/address-guard.ts';
import { documentUrl, type ClientFixture } from './index.ts';

/** An address of the public internet, for names that the test answers for. */
export const publicAddress = '93.184.215.14';

/** An HTTPS server that this process takes for the hosts of its certificate. */
export interface DocumentServer {
  /** On 127.0.0.1, for another process. */
  readonly port: number;
  /** PEM text, for another process to trust. */
  readonly certificate: string;
  /** What it was asked for, as it came in. */
  readonly requests: readonly IncomingMessage[];
  /** Addresses that it was connected by: what the guard found in order. */
  readonly connections: readonly (readonly string[])[];
  /** Every name is said to be at a public address. */
  readonly resolve: Resolve;
  /** Opens the connection to this server, whatever the address. */
  readonly connect: Connect;
  stop(): Promise<void>;
}

/** @param addresses IP literals that the certificate is for as well */
export async function startDocumentServer(
  hosts: readonly string[],
  listener: RequestListener,
  addresses: readonly string[] = [],
): Promise<DocumentServer> {
  // Trusted certificates of the same name would be taken for one another.
  const { cert, private: key } = await generate(
    [{ name: 'commonName', value: `documents ${randomUUID()}` }],
    {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        {
          name: 'subjectAltName',
          altNames: [
            ...hosts.map((value) => ({ type: 2 as const, value })),
            ...addresses.map((ip) => ({ type: 7 as const, ip })),
          ],
        },
      ],
    },
  );
  trustCertificates(cert);
  const requests: IncomingMessage[] = [];
  const connections: (readonly string[])[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    requests.push(request);
    listener(request, response);
  });
  const { port, stop } = await listen(server, 0);
  return {
    port,
    certificate: cert,
    requests,
    connections,
    resolve: () => Promise.resolve([publicAddress]),
    connect(checked): Socket {
      connections.push(checked);
      return connectSocket({ host: '127.0.0.1', port });
    },
    stop,
  };
}

/** Serves the documents of these clients under their own URLs. */
export function startClientDocuments(clients: readonly ClientFixture[]): Promise<DocumentServer> {
  const documents = new Map(clients.map((client) => [documentUrl(client), client]));
  const hosts = [...documents.keys()].map((url) => new URL(url).hostname);
  return startDocumentServer([...new Set(hosts)], (request, response) => {
    const client = documents.get(`https://${request.headers.host ?? ''}${request.url ?? ''}`);
    if (client === undefined) response.writeHead(404).end();
    else response.writeHead(200, { ...client.headers }).end(JSON.stringify(client.metadata));
  });
}
