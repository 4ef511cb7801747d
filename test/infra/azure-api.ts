import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenCredential } from '@azure/identity';
import { createRestApi, type RestApi } from '../../scripts/azd/rest-api.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** What an Azure REST API answers: a status and, unless it is empty, JSON. */
export type Answer = readonly [status: number, body?: object];

export interface FakeApi {
  readonly url: string;
  readonly api: RestApi;
  readonly calls: ApiCall[];
  stop(): Promise<void>;
}

export const token = 'deployer-token';

/** Somebody who is signed in. */
export const deployer: TokenCredential = {
  getToken: () => Promise.resolve({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
};

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

/** A server that answers as Azure Resource Manager or Microsoft Graph does, and remembers what it was asked. */
export async function startApi(answer: (call: ApiCall) => Answer): Promise<FakeApi> {
  const calls: ApiCall[] = [];
  const server = createServer((request, response) => {
    void readJson(request).then((body) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
      const { method = '', headers } = request;
      const call = { method, path: decodeURIComponent(pathname), query: search, body };
      calls.push({ ...call, authorization: headers.authorization });
      const [status, json] = answer({ ...call, authorization: headers.authorization });
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(json === undefined ? '' : JSON.stringify(json));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    api: createRestApi(url, deployer),
    calls,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
