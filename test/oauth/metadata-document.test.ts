import type { RequestListener } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findFreePort } from '../../dev/ports.ts';
import type { AppError } from '../../src/errors.ts';
import { createDocumentFetch, type DocumentFetchOptions } from '../../src/oauth/metadata-document.ts';
import { refusalOf } from '../support/failure-of.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { takePort } from '../support/take-port.ts';
import {
  publicAddress,
  startClientDocuments,
  startDocumentServer,
  type DocumentServer,
} from './clients/document-server.ts';
import { clientFixtures, documentUrl } from './clients/index.ts';

const keep = stopAfterEach();

const url = 'https://client.example/oauth/client.json';
const document = { client_id: url, redirect_uris: ['https://client.example/callback'] };
const normalized = {
  ...document,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};
const time = Date.parse('2026-11-21T07:00:00Z');

describe('the fetch of what clients publish', () => {
  let listener: RequestListener;
  let server: DocumentServer;
  let reported: AppError[];

  beforeEach(async () => {
    reported = [];
    listener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    };
    server = await startDocumentServer(
      ['client.example'],
      (request, response) => {
        listener(request, response);
      },
      [publicAddress],
    );
  });
  afterEach(() => server.stop());

  function createFetch(options: Partial<DocumentFetchOptions> = {}): typeof fetch {
    const { resolve, connect } = server;
    const report = (failure: AppError) => reported.push(failure);
    return createDocumentFetch({
      allowed: [],
      ownOrigin: 'https://server.example',
      now: () => time,
      report,
      resolve,
      connect,
      ...options,
    });
  }

  /** The failure, which has to have been reported too, and nothing else. */
  async function findFailure(
    fetching: Promise<Response>,
  ): Promise<{ code: string; detail: string | undefined }> {
    const failure = await refusalOf(fetching);
    expect(reported).toEqual([failure]);
    return { code: failure.code, detail: failure.detail };
  }

  function answer(status: number, headers: Record<string, string>, body: string | Buffer): void {
    listener = (_request, response) => response.writeHead(status, headers).end(body);
  }

  it('S22: gives the document normalized, from a connection pinned to the checked addresses', async () => {
    let asked: string[] = [];
    const resolve = (hostname: string) => {
      asked = [...asked, hostname];
      return Promise.resolve([publicAddress, '1.1.1.1']);
    };
    const response = await createFetch({ resolve })(url);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(normalized);
    expect(asked).toEqual(['client.example']);
    expect(server.connections).toEqual([[publicAddress, '1.1.1.1']]);
    expect(reported).toEqual([]);
  });

  it('S22: sends nothing of the caller’s: no cookie, no credential, no body', async () => {
    const headers = { cookie: 'a=b', authorization: 'Bearer x', 'user-agent': '', host: 'other.example' };
    await createFetch()(url, { headers, method: 'POST', body: 'secret', signal: AbortSignal.abort() });
    const [request] = server.requests;
    expect([request?.method, request?.url]).toEqual(['GET', '/oauth/client.json']);
    expect(request?.headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      connection: 'close',
      host: 'client.example',
      'user-agent': 'entra-mcp',
    });
  });

  it('S22: verifies the certificate for the name in the URL, not for the address', async () => {
    expect(await findFailure(createFetch()('https://other.example/client.json'))).toEqual({
      code: 'client_metadata_unavailable',
      detail: 'https://other.example/client.json could not be fetched',
    });
    expect(reported[0]?.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(server.requests).toEqual([]);
  });

  it('reads from a host that is a public address, with a certificate for it', async () => {
    const client_id = `https://${publicAddress}/client.json`;
    answer(200, {}, JSON.stringify({ ...document, client_id }));
    const response = await createFetch({ resolve: () => Promise.reject(new Error('asked')) })(client_id);
    expect(await response.json()).toMatchObject({ client_id });
    expect(server.requests[0]?.headers.host).toBe(publicAddress);
    await findFailure(createFetch()('https://1.1.1.1/client.json'));
    expect(reported[0]?.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it.each([[['10.0.0.4']], [[publicAddress, '169.254.169.254']], [['168.63.129.16']], [['::ffff:10.0.0.4']]])(
    'S22: opens no connection for a host that resolves to %j',
    async (addresses) => {
      const failure = await findFailure(createFetch({ resolve: () => Promise.resolve(addresses) })(url));
      expect(failure).toEqual({
        code: 'client_metadata_unavailable',
        detail: `${url} the host has an address that is not public`,
      });
      expect(server.connections).toEqual([]);
    },
  );

  it.each(['https://127.0.0.1/c', 'https://[::1]/c', 'https://169.254.169.254/metadata/identity'])(
    'S22: opens no connection for %s',
    async (target) => {
      expect((await findFailure(createFetch()(target))).code).toBe('client_metadata_unavailable');
      expect(server.connections).toEqual([]);
    },
  );

  it.each([
    'http://client.example/c',
    'https://u@client.example/c',
    'https://client.example/a/../c',
    'nothing',
  ])('S22: resolves nothing for %s', async (target) => {
    const resolve = () => Promise.reject(new Error('asked'));
    expect((await findFailure(createFetch({ resolve })(target))).code).toBe('invalid_client_metadata');
  });

  it.each([301, 302, 303, 307, 308])('S22: does not follow a redirect (%i)', async (status) => {
    answer(status, { location: 'https://client.example/oauth/other.json' }, JSON.stringify(document));
    expect(await findFailure(createFetch()(url))).toEqual({
      code: 'client_metadata_unavailable',
      detail: `${url} was answered with ${status}`,
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([204, 404, 500])('S22: finds the document unavailable on an answer with %i', async (status) => {
    answer(status, {}, '');
    expect((await findFailure(createFetch()(url))).code).toBe('client_metadata_unavailable');
  });

  it('S22: takes a document of 5 KB and none of a byte more', async () => {
    const text = JSON.stringify(document);
    answer(200, {}, text.padEnd(5_120));
    expect(await (await createFetch()(url)).json()).toEqual(normalized);
    answer(200, {}, text.padEnd(5_121));
    expect(await findFailure(createFetch()(url))).toEqual({
      code: 'invalid_client_metadata',
      detail: `${url} has more than 5120 bytes`,
    });
  });

  it('S22: stops reading a body without an end', async () => {
    let closed: () => void = () => undefined;
    const leftAlone = new Promise<void>((resolve) => (closed = resolve));
    listener = (_request, response) => {
      response.on('close', closed).writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    };
    expect((await findFailure(createFetch()(url))).detail).toBe(`${url} has more than 65536 bytes`);
    await leftAlone;
  });

  it('S22: has one deadline for everything: the name, the connection, the answer, the body', async () => {
    const detail = `${url} did not answer within 300 ms`;
    const never = new Promise<never>(() => undefined);
    const silent = await keep(takePort());
    const connect = () => connectSocket({ host: '127.0.0.1', port: silent.port });
    const hang: RequestListener = () => undefined;
    const drip: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer)).writeHead(200);
    };
    const cases: [Partial<DocumentFetchOptions>, RequestListener][] = [
      [{ resolve: () => never }, hang],
      [{ connect }, hang],
      [{}, hang],
      [{}, drip],
    ];
    for (const [options, slow] of cases) {
      listener = slow;
      reported = [];
      const failure = await findFailure(createFetch({ ...options, timeoutMs: 300 })(url));
      expect(failure).toEqual({ code: 'client_metadata_unavailable', detail });
    }
    // It has an end only because nothing is left open.
    expect(await silent.allLeft()).toBe(1);
  });

  it('S22: connects to nothing once the time has run out on the name', async () => {
    let answerName: (addresses: readonly string[]) => void = () => undefined;
    const resolve = () => new Promise<readonly string[]>((done) => (answerName = done));
    await findFailure(createFetch({ resolve, timeoutMs: 50 })(url));
    answerName([publicAddress]);
    await new Promise(setImmediate);
    expect(server.connections).toEqual([]);
  });

  it('tells a connection that fails', async () => {
    const port = await findFreePort();
    const connect = () => connectSocket({ host: '127.0.0.1', port });
    expect((await findFailure(createFetch({ connect })(url))).code).toBe('client_metadata_unavailable');
    expect(reported[0]?.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  const notJson = 'is not JSON in UTF-8, or has a key twice or one that leads to prototypes';
  it.each([
    [notJson, '<html>'],
    [notJson, Buffer.from([0x22, 0xff, 0x22])],
    [notJson, '{"client_id":1,"client_id":2}'],
    ['is neither a metadata document nor a key set', '[]'],
    ['is neither a metadata document nor a key set', '{}'],
    ['is neither a metadata document nor a key set', 'null'],
    ['names another client_id than its own URL', JSON.stringify({ ...document, client_id: `${url}/` })],
    [
      'names another client_id than its own URL',
      JSON.stringify({ ...document, client_id: url.toUpperCase() }),
    ],
    ['there is a client_secret in it', JSON.stringify({ ...document, client_secret: 'x' })],
  ])('S22: finds a document of no use that %s', async (detail, body) => {
    answer(200, {}, body);
    expect(await findFailure(createFetch()(url))).toEqual({
      code: 'invalid_client_metadata',
      detail: `${url} ${detail}`,
    });
  });

  it('refuses a document whose redirect URIs are not safe, and says that it is these', async () => {
    answer(200, {}, JSON.stringify({ ...document, redirect_uris: ['javascript:alert(1)'] }));
    expect((await findFailure(createFetch()(url))).code).toBe('invalid_redirect_uri');
  });

  it.each([
    ['public, max-age=300', undefined, 300],
    ['max-age=1', undefined, 30],
    ['max-age=999999999', undefined, 86_400],
    ['no-store', undefined, 30],
    ['no-cache, max-age=600', undefined, 30],
    [undefined, 'Sat, 21 Nov 2026 07:10:00 GMT', 600],
    [undefined, 'Fri, 20 Nov 2026 07:10:00 GMT', 30],
    [undefined, 'never', 30],
    [undefined, undefined, 30],
  ])(
    'S22: bounds the lifetime of Cache-Control %j, Expires %j to %i seconds',
    async (cacheControl, expires, seconds) => {
      const headers = {
        ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
        ...(expires !== undefined && { expires }),
      };
      answer(200, headers, JSON.stringify(document));
      const response = await createFetch()(url);
      expect(response.headers.get('cache-control')).toBe(`max-age=${seconds}`);
      expect(response.headers.get('expires')).toBeNull();
    },
  );

  it('gives a key set, which may be larger than a document', async () => {
    const keys = Array.from({ length: 10 }, (_, index) => ({
      kty: 'RSA',
      kid: String(index),
      n: 'n'.repeat(684),
      e: 'AQAB',
    }));
    answer(200, {}, JSON.stringify({ keys }));
    expect(await (await createFetch()('https://client.example/jwks.json')).json()).toEqual({ keys });
  });

  it.each(clientFixtures.filter(({ registers }) => registers === 'document'))(
    'reads the document of $name',
    async (client) => {
      const documents = await startClientDocuments([client]);
      try {
        const { resolve, connect } = documents;
        const response = await createFetch({ resolve, connect })(documentUrl(client));
        expect(await response.json()).toMatchObject({
          client_id: client.metadata.client_id,
          client_name: client.metadata.client_name,
          redirect_uris: client.metadata.redirect_uris,
        });
      } finally {
        await documents.stop();
      }
    },
  );
});
