import fc from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { createApp } from '../../src/app.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import type { Route } from '../../src/http/endpoint.ts';
import { expectToHold } from '../support/fuzz.ts';
import { createTestEnvironment } from '../support/server.ts';
import { anyText, base64urlText, headerText, textOf } from './arbitraries.ts';

let routes: readonly Route[];
const failures: string[] = [];
beforeAll(async () => {
  const environment = createTestEnvironment({
    PUBLIC_BASE_URL: 'https://mcp.example.com',
    ALLOWED_ORIGINS: 'https://app.example.com',
  });
  await createTables(loadConfig(environment).tables).ensureTables();
  const sink = (level: string, line: string) => {
    if (level === 'error') failures.push(line);
  };
  routes = createApp(environment, { sink }).routes;
});

const own = ['https://mcp.example.com', 'https://app.example.com'];
const anyOrigin = fc.oneof(
  fc.constantFrom(undefined, ...own, 'null', 'https://evil.example'),
  textOf(
    [
      'https://',
      'http://',
      'mcp.example.com',
      'app.example.com',
      '.evil.example',
      ':443',
      '/',
      'null',
      ' ',
      ',',
      'HTTPS://',
    ],
    headerText,
  ),
);
const token = fc
  .tuple(base64urlText(), base64urlText(), base64urlText())
  .map((parts) => `Bearer ${parts.join('.')}`);
const otherHeaders = fc.dictionary(
  fc.constantFrom(
    'Content-Type',
    'Accept',
    'Content-Encoding',
    'Content-Length',
    'Cookie',
    'Range',
    'If-None-Match',
    'X-Forwarded-Host',
    'X-Forwarded-For',
    'Accept-Encoding',
    'Access-Control-Request-Method',
  ),
  headerText,
  { maxKeys: 3 },
);

/** Any route by one of its methods, and everything about the request that a stranger may choose. */
const anyRequest = fc.record({
  at: fc.nat(1_000),
  method: fc.nat(1_000),
  query: fc.oneof(
    fc.constant(''),
    anyText.map((text) => `?${encodeURIComponent(text.toWellFormed())}`),
  ),
  origin: anyOrigin,
  authorization: fc.oneof(fc.constant(undefined), token, headerText),
  headers: otherHeaders,
  body: anyText,
});

interface AnyRequest {
  readonly at: number;
  readonly method: number;
  readonly query: string;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function send({ at, method: which, query, origin, authorization, headers: others, body }: AnyRequest) {
  const route = routes[at % routes.length];
  const method = route?.methods[which % route.methods.length];
  if (route === undefined || method === undefined) throw new Error('no route');
  const headers = new Headers(others);
  if (origin !== undefined) headers.set('Origin', origin);
  if (authorization !== undefined) headers.set('Authorization', authorization);
  const isBare = method === 'GET' || method === 'HEAD';
  const init = { method, headers, ...(!isBare && { body }) };
  const response = await route.handle(new Request(`https://mcp.example.com${route.path}${query}`, init));
  return { route, method, response, origin: headers.get('Origin') };
}

describe('every route', () => {
  it('answers any request without failing, with a request id and the headers that browsers are to have', () =>
    expectToHold(
      fc.asyncProperty(anyRequest, async (request) => {
        const { response } = await send(request);
        await response.body?.cancel();
        const { status, headers } = response;
        const isDressed =
          /^[\da-f-]{36}$/.test(headers.get('x-request-id') ?? '') &&
          headers.get('x-content-type-options') === 'nosniff' &&
          headers.has('strict-transport-security');
        return isDressed && status < 500 && failures.length === 0;
      }),
      { cost: 20 },
    ));

  it('lets no stranger in who has no token that verifies', () =>
    expectToHold(
      fc.asyncProperty(anyRequest, async (request) => {
        const { response, route, method } = await send(request);
        await response.body?.cancel();
        if (route.access === 'public' || method === 'OPTIONS') return true;
        const isChallenged =
          response.status === 401 && (response.headers.get('www-authenticate') ?? '').startsWith('Bearer ');
        return isChallenged || response.status === 403;
      }),
      { cost: 20 },
    ));

  it('lets no page of another origin read an answer, or send credentials', () =>
    expectToHold(
      fc.asyncProperty(anyRequest, async (request) => {
        const { response, origin } = await send(request);
        await response.body?.cancel();
        const allowed = response.headers.get('access-control-allow-origin');
        const isAllowed =
          allowed === null || allowed === '*' || (own.includes(allowed) && allowed === origin);
        return isAllowed && !response.headers.has('access-control-allow-credentials');
      }),
      { cost: 20 },
    ));
});
