import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Provider } from 'oidc-provider';
import { AppError } from '../../src/errors.ts';
import { createDocumentFetch } from '../../src/oauth/metadata-document.ts';
import { failureOf } from '../support/failure-of.ts';
import { createBareProvider, ownOrigin } from './bare-provider.ts';
import { startDocumentServer, type DocumentServer } from './clients/document-server.ts';

const url = 'https://client.example/oauth/client.json';

/** As many redirect URIs as make the document exactly 5 KB, blanks none. */
function createLargeDocument(): Record<string, unknown> {
  const document = { client_id: url, redirect_uris: ['https://client.example/cb'] };
  const space = () => 5_120 - JSON.stringify(document).length;
  while (space() > 1_200)
    document.redirect_uris.push(`https://client.example/${'c'.repeat(1_000)}${space()}`);
  document.redirect_uris.push(`https://client.example/${'d'.repeat(space() - 26)}`);
  return document;
}

describe('metadata documents in oidc-provider', () => {
  let server: DocumentServer;
  let answer: { status: number; document: Record<string, unknown> };
  let provider: Provider;

  beforeEach(async () => {
    answer = { status: 200, document: { client_id: url, redirect_uris: ['http://127.0.0.1/cb'] } };
    server = await startDocumentServer(['client.example'], (_request, response) => {
      response
        .writeHead(answer.status, { 'cache-control': 'max-age=600' })
        .end(JSON.stringify(answer.document));
    });
    const { resolve, connect } = server;
    provider = await createBareProvider({
      adapter: () => ({
        find: () => Promise.resolve(undefined),
        findByUid: () => Promise.resolve(undefined),
        findByUserCode: () => Promise.resolve(undefined),
        upsert: () => Promise.reject(new Error('a document’s client was stored')),
        consume: () => Promise.resolve(),
        destroy: () => Promise.resolve(),
        revokeByGrantId: () => Promise.resolve(),
      }),
      fetch: createDocumentFetch({
        allowed: [],
        ownOrigin,
        now: Date.now,
        report: () => undefined,
        resolve,
        connect,
      }),
    });
  });
  afterEach(() => server.stop());

  it('S22: fetches a document once within its lifetime', async () => {
    for (let index = 0; index < 3; index++) {
      const client = await provider.Client.find(url);
      expect(client?.redirectUriAllowed('http://127.0.0.1:5000/cb')).toBe(true);
      expect(client?.grantTypeAllowed('refresh_token')).toBe(true);
    }
    expect(server.requests).toHaveLength(1);
  });

  it('S22: keeps no failure, and tells it from a client that is unknown', async () => {
    answer.status = 500;
    const error = await failureOf(provider.Client.find(url));
    expect(error).toMatchObject({ name: 'InvalidClient', cause: { code: 'client_metadata_unavailable' } });
    expect((error as Error).cause).toBeInstanceOf(AppError);
    answer = { status: 200, document: { ...answer.document, client_secret: 'x' } };
    await expect(provider.Client.find(url)).rejects.toMatchObject({
      cause: { code: 'invalid_client_metadata' },
    });
    answer.document = { client_id: url, redirect_uris: ['http://127.0.0.1/cb'] };
    expect(await provider.Client.find(url)).toMatchObject({ clientId: url });
    expect(server.requests).toHaveLength(3);
    expect(await provider.Client.find('unknown')).toBeUndefined();
  });

  it('S22: takes a document of exactly 5 KB, which is longer once normalized', async () => {
    answer.document = createLargeDocument();
    expect(JSON.stringify(answer.document)).toHaveLength(5_120);
    expect(await provider.Client.find(url)).toMatchObject({ clientId: url });
  });

  it('S22: takes no key set for a document', async () => {
    answer.document = { keys: [{ kty: 'EC' }] };
    await expect(provider.Client.find(url)).rejects.toMatchObject({ error: 'invalid_client_metadata' });
  });
});
