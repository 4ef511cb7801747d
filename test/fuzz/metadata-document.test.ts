import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { createDocumentFetch } from '../../src/oauth/metadata-document.ts';
import { startDocumentServer, type DocumentServer } from '../oauth/clients/document-server.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, checkPrototypes, headerText, jsonText, textOf } from './arbitraries.ts';

const url = 'https://client.example/oauth/client.json';
const time = Date.parse('2026-11-21T07:00:00Z');

/** What the client's server answers next. */
let answer = { status: 200, headers: {} as Record<string, string>, body: '' };
let server: DocumentServer;
let fetchDocument: typeof fetch;

beforeAll(async () => {
  server = await startDocumentServer(['client.example'], (_request, response) => {
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  const { resolve, connect } = server;
  fetchDocument = createDocumentFetch({
    allowed: [],
    ownOrigin: 'https://server.example',
    now: () => time,
    report: () => undefined,
    resolve,
    connect,
  });
});
afterAll(() => server.stop());

const good = `"client_id":"${url}","redirect_uris":["https://client.example/cb"]`;
const names = [
  'client_id',
  'redirect_uris',
  'client_name',
  'jwks',
  'keys',
  'kty',
  'token_endpoint_auth_method',
];
const values = [
  `"${url}"`,
  '["https://client.example/cb"]',
  '[{"kty":"EC"}]',
  '["javascript:x"]',
  '"private_key_jwt"',
];
const body = fc.oneof(
  jsonText(names, values),
  fc
    .tuple(fc.constantFrom(...names), jsonText(names, values))
    .map(([name, value]) => `{${good},"${name}":${value}}`),
  fc
    .integer({ min: 4_900, max: 5_300 })
    .map((length) => `{${good},"client_name":"x","logo_uri":"${'x'.repeat(length - 130)}"}`),
  anyText,
);
/** Without what Node refuses to send. */
const sendable = headerText.map((text) => text.replace(/[^\t\x20-\x7e\xa0-\xff]/g, ''));
const directive = textOf(
  ['max-age', '=', '"', '60', '99999999999999999999', '-1', ', ', 'no-store', 'no-cache', '1e9'],
  sendable,
);
const date = fc.oneof(
  sendable,
  fc.date({ noInvalidDate: true }).map((value) => value.toUTCString()),
);

describe('what is published under a client’s URL', () => {
  it('is kept as client metadata or keys for 30 seconds to a day, or refused with one of three codes', () =>
    expectToHold(
      fc.asyncProperty(
        fc.oneof({ weight: 6, arbitrary: fc.constant(200) }, fc.constantFrom(204, 301, 302, 304, 404, 500)),
        body,
        directive,
        date,
        async (status, text, cacheControl, expires) => {
          const headers = { 'cache-control': cacheControl, expires, location: 'https://127.0.0.1/' };
          answer = { status, headers, body: text };
          try {
            const response = await fetchDocument(url);
            const content = (await response.json()) as { client_id?: unknown; keys?: unknown };
            const [, age] = /^max-age=(\d+)$/.exec(response.headers.get('cache-control') ?? '') ?? [];
            const isKept = Number(age) >= 30 && Number(age) <= 86_400;
            return status === 200 && isKept && (content.client_id === url || Array.isArray(content.keys));
          } catch (error) {
            const codes = ['client_metadata_unavailable', 'invalid_client_metadata', 'invalid_redirect_uri'];
            if (error instanceof AppError && codes.includes(error.code)) return true;
            throw error;
          } finally {
            checkPrototypes();
          }
        },
      ),
      { cost: 50 },
    ));
});
