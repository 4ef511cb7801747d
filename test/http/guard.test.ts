import { describe, expect, it } from '@jest/globals';
import { createDeferredWork } from '../../src/http/deferred-work.ts';
import { AppError } from '../../src/errors.ts';
import type { BearerEndpoint } from '../../src/http/endpoint.ts';
import { createTestEndpoint, guardForTest, testPrincipal } from '../support/guarded.ts';

const bearer: BearerEndpoint = {
  ...createTestEndpoint(),
  access: 'bearer',
  handle: (_request, { principal }) => Response.json({ oid: principal.objectId }),
};

describe('the guard, on every answer', () => {
  it('adds a request id, the same in the answer and in the log line', async () => {
    const { send, lines } = guardForTest(createTestEndpoint());
    const response = await send();
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines).toEqual([
      {
        level: 'info',
        event: 'request',
        requestId: response.headers.get('x-request-id'),
        route: '/test',
        method: 'GET',
        status: 200,
        ms: expect.any(Number),
      },
    ]);
  });

  it('adds security headers, which an endpoint may replace', async () => {
    const own = createTestEndpoint({
      handle: () => new Response('', { headers: { 'Cache-Control': 'public' } }),
    });
    const { headers } = await guardForTest(own).send();
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
      'cache-control': 'public',
    });
    expect((await guardForTest(createTestEndpoint()).send()).headers.get('cache-control')).toBe('no-store');
  });

  it.each(['http://localhost:7071', 'https://localhost:7071', 'https://127.0.0.1:7071'])(
    'leaves HSTS out under %s: by http it means nothing, and on a laptop it would hold for every other server',
    async (publicBaseUrl) => {
      const response = await guardForTest(createTestEndpoint(), { publicBaseUrl }).send();
      expect(response.headers.has('strict-transport-security')).toBe(false);
    },
  );

  it('keeps several cookies apart', async () => {
    const headers = new Headers([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    const { send } = guardForTest(createTestEndpoint({ handle: () => new Response(null, { headers }) }));
    expect((await send()).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('turns an unexpected throw into a 500 that tells nothing, and logs the cause', async () => {
    const { send, lines } = guardForTest(
      createTestEndpoint({ handle: () => Promise.reject(new Error('password=hunter2')) }),
    );
    const response = await send();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: 'server_error',
      error_description: 'The server failed to answer this request.',
      code: 'internal_error',
      request_id: response.headers.get('x-request-id'),
    });
    expect(lines[0]).toMatchObject({
      level: 'error',
      status: 500,
      error: 'internal_error',
      cause: 'Error: password=hunter2',
    });
  });

  it('answers a failing dependency with 503 and Retry-After', async () => {
    const { send } = guardForTest(
      createTestEndpoint({ handle: () => Promise.reject(new AppError('storage_unavailable')) }),
    );
    const response = await send();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});

describe('the guard, on methods', () => {
  it('registers HEAD with GET, and OPTIONS always', () => {
    expect(guardForTest(createTestEndpoint()).route.methods).toEqual(['GET', 'POST', 'HEAD', 'OPTIONS']);
    const refusing = createTestEndpoint({ methods: ['POST'], refusedMethods: ['GET', 'DELETE'] });
    expect(guardForTest(refusing).route.methods).toEqual(['POST', 'OPTIONS', 'GET', 'DELETE']);
  });

  it('answers HEAD like GET, without the body', async () => {
    const response = await guardForTest(createTestEndpoint()).send({ method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe('');
  });

  it('refuses a refused method with 405 and Allow, in JSON-RPC form where the endpoint speaks it', async () => {
    const { send } = guardForTest(
      createTestEndpoint({ methods: ['POST'], refusedMethods: ['DELETE'], errors: 'json-rpc' }),
    );
    const response = await send({ method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, OPTIONS');
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32_000,
        message: 'Method not allowed. Send one that the header Allow names.',
        data: { code: 'method_not_allowed', requestId: response.headers.get('x-request-id') },
      },
    });
  });
});

describe('the guard, on tokens', () => {
  it('gives the principal to the handler and names it in the log line, without the token', async () => {
    const { send, lines } = guardForTest(bearer);
    const response = await send({ headers: { Authorization: 'Bearer good' } });
    expect(await response.json()).toEqual({ oid: testPrincipal.objectId });
    expect(lines[0]).toMatchObject({
      user: `${testPrincipal.tenantId}/${testPrincipal.objectId}`,
      client: testPrincipal.clientId,
    });
    expect(JSON.stringify(lines)).not.toContain('good');
  });

  it('refuses with a challenge that names error, scope and metadata; the detail stays in the log', async () => {
    const { send, lines } = guardForTest(bearer);
    const response = await send({ headers: { Authorization: 'Bearer bad' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="The signature of the access token does not verify. ' +
        'Request a new token from its issuer.", scope="api://api/access_as_user", ' +
        'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
    );
    expect(await response.text()).not.toContain('only for the log');
    expect(lines.at(-1)).toMatchObject({
      status: 401,
      error: 'invalid_signature',
      detail: 'only for the log',
    });
  });

  it('leaves the error out of the challenge when no token was sent (RFC 6750 section 3.1)', async () => {
    const { send } = guardForTest(bearer, {
      authenticate: () => Promise.reject(new AppError('missing_token')),
    });
    expect((await send()).headers.get('www-authenticate')).toBe(
      'Bearer scope="api://api/access_as_user", ' +
        'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
    );
  });

  it('refuses a stranger before it reads the body', async () => {
    let read = false;
    const body = new ReadableStream(
      {
        pull() {
          read = true;
        },
      },
      { highWaterMark: 0 },
    );
    const response = await guardForTest(bearer).send({ method: 'POST', body, duplex: 'half' });
    expect([response.status, read]).toEqual([401, false]);
  });
});

describe('the guard, on bodies', () => {
  const echo = createTestEndpoint({ handle: (_request, { body }) => new Response(body) });

  it('gives the body as text', async () => {
    expect(await (await guardForTest(echo).send({ method: 'POST', body: 'päper 🗒' })).text()).toBe('päper 🗒');
  });

  it.each([
    ['declared', { body: 'x'.repeat(1_025), headers: { 'Content-Length': '1025' } }],
    ['found while reading', { body: new Blob(['x'.repeat(1_025)]).stream(), duplex: 'half' as const }],
  ])('refuses a body over the limit: %s', async (_how, init) => {
    const response = await guardForTest(echo).send({ method: 'POST', ...init });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body_too_large' });
  });

  it('takes a body of exactly the limit', async () => {
    expect((await guardForTest(echo).send({ method: 'POST', body: 'x'.repeat(1_024) })).status).toBe(200);
  });

  it('refuses a compressed body, which could unfold into any size', async () => {
    const response = await guardForTest(echo).send({
      method: 'POST',
      body: 'x',
      headers: { 'Content-Encoding': 'gzip' },
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: 'unsupported_encoding' });
  });

  it('says 400 of a body that breaks off, which is the client’s doing', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('ECONNRESET')) });
    const { send, lines } = guardForTest(echo);
    const response = await send({ method: 'POST', body, duplex: 'half' });
    expect(response.status).toBe(400);
    expect(lines[0]).toMatchObject({ level: 'warn', error: 'invalid_request' });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const response = await guardForTest(echo).send({ method: 'POST', body: new Uint8Array([0xc3, 0x28]) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_json' });
  });
});

describe('the guard, on origins', () => {
  it.each(['https://mcp.example.com', 'https://app.example.com'])('lets pages of %s in', async (origin) => {
    const response = await guardForTest(createTestEndpoint()).send({ headers: { Origin: origin } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it.each([
    'https://evil.example.com',
    'null',
    'http://mcp.example.com',
    'https://app.example.com.evil.example',
  ])('refuses pages of %s before the endpoint or the token is looked at', async (origin) => {
    const { send } = guardForTest(bearer);
    const response = await send({ headers: { Origin: origin, Authorization: 'Bearer good' } });
    expect(response.status).toBe(403);
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
    expect(await response.json()).toMatchObject({ code: 'origin_not_allowed' });
  });

  it.each(['http://localhost:7071', 'http://127.0.0.1:7071', 'http://[::1]:7071'])(
    'knows a server of this machine by all of its names: %s',
    async (origin) => {
      const { route } = guardForTest(createTestEndpoint(), { publicBaseUrl: 'http://localhost:7071' });
      const response = await route.handle(new Request(`${origin}/test`, { headers: { Origin: origin } }));
      expect(response.status).toBe(200);
    },
  );

  it('refuses a server of this machine under any other name: a page could have pointed one here', async () => {
    const { route } = guardForTest(createTestEndpoint(), { publicBaseUrl: 'http://localhost:7071' });
    const response = await route.handle(new Request('http://evil.example:7071/test'));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'host_not_allowed' });
  });

  it('opens public documents to every page', async () => {
    const response = await guardForTest(createTestEndpoint({ origins: 'any' })).send({
      headers: { Origin: 'https://anyone.example' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('answers a preflight without a token', async () => {
    const response = await guardForTest({ ...bearer, methods: ['POST'] }).send({
      method: 'OPTIONS',
      headers: { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      allow: 'POST, OPTIONS',
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': expect.stringContaining('Authorization'),
    });
  });
});

describe('deferred work', () => {
  it('runs after the answer has left, and its failure only reaches the log', async () => {
    const deferredWork = createDeferredWork(60_000);
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise((_resolve, reject) => (fail = reject));
    let begun = false;
    let done = false;
    const { send, lines } = guardForTest(
      createTestEndpoint({
        handle(_request, { defer }) {
          defer(() => {
            begun = true;
            return work;
          });
          defer(() => Promise.resolve((done = true)));
          return Response.json({ begun });
        },
      }),
      { deferredWork },
    );
    expect(await (await send()).json()).toEqual({ begun: false });
    // A host needs turns of its own to pass the answer on.
    await new Promise(setImmediate);
    expect(begun).toBe(false);
    const settled = deferredWork.settle();
    await new Promise(setImmediate);
    expect(begun).toBe(true);
    fail(new Error('lost'));
    await settled;
    expect(done).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      event: 'deferred_work_failed',
      cause: 'Error: lost',
    });
  });
});
