import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { productSurface } from '../../src/app.ts';
import { AppError } from '../../src/errors.ts';
import { defineTool } from '../../src/mcp/tool.ts';
import { createRawMcp, type RawMcp } from '../support/raw-mcp.ts';
import { createTestEnvironment, startServer, type TestServer } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Tools that go wrong, beside the product's own. */
const surface = {
  ...productSurface,
  tools: [
    ...productSurface.tools,
    defineTool({
      name: 'leaky',
      title: 'Leaky',
      description: 'Throws an error with a secret in it',
      annotations,
      input: z.object({}),
      output: z.object({ value: z.string() }),
      handle: () => Promise.reject(new Error('password=hunter2')),
    }),
    defineTool({
      name: 'late',
      title: 'Late',
      description: 'Loses its storage after it has begun to answer',
      annotations,
      input: z.object({}),
      output: z.object({ value: z.string() }),
      async handle(_input, { mcp }) {
        await mcp.notify({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
        await setImmediate();
        throw new AppError('storage_unavailable', { detail: 'gone' });
      },
    }),
    defineTool({
      name: 'endless',
      title: 'Endless',
      description: 'Never ends by itself',
      annotations,
      input: z.object({}),
      output: z.object({ aborted: z.boolean() }),
      timeoutMs: 50,
      handle: () => new Promise<never>(() => undefined),
    }),
  ],
};

let server: TestServer;
let mcp: RawMcp;

beforeAll(async () => {
  server = await startServer(createTestEnvironment({ MAX_REQUEST_BYTES: '65536' }), { surface });
  mcp = createRawMcp(server.mcpUrl, await userToken('alice'));
});
afterAll(() => server.stop());

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

describe('/mcp, by HTTP', () => {
  it.each(['GET', 'DELETE'])(
    'answers %s with 405 in JSON-RPC form: there are no sessions',
    async (method) => {
      const response = await mcp.send({ method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_000 } });
    },
  );

  it.each(['GET', 'DELETE'])(
    'wants a token for %s too, so that a client can find out where to sign in',
    async (method) => {
      const response = await fetch(server.mcpUrl, { method });
      expect([response.status, response.headers.has('www-authenticate')]).toEqual([401, true]);
    },
  );

  it('answers a preflight of its own origin without a token', async () => {
    const response = await fetch(server.mcpUrl, {
      method: 'OPTIONS',
      headers: { Origin: 'http://localhost:7071' },
    });
    expect([response.status, response.headers.get('access-control-allow-methods')]).toEqual([204, 'POST']);
  });

  it('refuses a foreign origin in spite of a good token', async () => {
    const response = await mcp.post(list, { Origin: 'https://evil.example' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'origin_not_allowed' });
  });

  it.each([
    ['what is not JSON', '{"jsonrpc":', {}, 400, -32_700],
    ['an empty body', '', {}, 400, -32_700],
    ['another media type', '{}', { 'Content-Type': 'text/plain' }, 415, -32_000],
    ['a body over the limit', JSON.stringify({ ...list, pad: 'x'.repeat(65_536) }), {}, 413, -32_000],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const response = await mcp.post(body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code } });
  });

  it.each([[null], [42], ['text'], [[]], [{}], [{ jsonrpc: '1.0', id: 1, method: 'ping' }]])(
    'refuses %j, which is no JSON-RPC message',
    async (body) => {
      const response = await mcp.post(JSON.stringify(body));
      expect(response.status).toBe(400);
      const requestId = response.headers.get('x-request-id');
      const data = { code: 'invalid_request', requestId };
      expect(await response.json()).toMatchObject({
        jsonrpc: '2.0',
        error: { code: expect.any(Number), data },
      });
      expect(server.lines).toContainEqual(
        expect.objectContaining({ requestId, error: 'invalid_request', detail: expect.any(String) }),
      );
    },
  );
});

describe('a refusal of the SDK', () => {
  it('quotes nothing of the request in the log', async () => {
    const before = server.lines.length;
    const response = await mcp.modern(
      'resources/read',
      { uri: 'note:///hunter2' },
      { 'Mcp-Name': 'hunter3' },
    );
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('-32020')]);
    const lines = server.lines.slice(before);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'request', error: 'invalid_request', detail: 'JSON-RPC -32020' }),
    );
    expect(JSON.stringify(lines)).not.toMatch(/hunter\d/);
  });
});

describe('/mcp, 2025 era', () => {
  it('answers with plain JSON: an open stream would hold one of the instance’s few places', async () => {
    const response = await mcp.post(list);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
  });

  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('agrees on %s', async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    const response = await mcp.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    expect(await response.json()).toMatchObject({ result: { protocolVersion } });
    expect(response.headers.has('mcp-session-id')).toBe(false);
  });

  it('offers its newest version to a client that asks for one it does not know', async () => {
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'raw', version: '1' },
    };
    const response = await mcp.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    expect(await response.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  });

  it('refuses a version it does not know, as the client’s fault: nothing of it is an error in the log', async () => {
    const before = server.lines.length;
    const response = await mcp.post(list, { 'MCP-Protocol-Version': '1999-01-01' });
    expect(response.status).toBe(400);
    const logged = server.lines.slice(before).map(({ level, event }) => [level, event]);
    expect(logged).toEqual([['warn', 'request']]);
  });

  it('takes notifications with 202', async () => {
    const response = await mcp.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([response.status, await response.text()]).toEqual([202, '']);
  });

  it('answers a batch, as 2025-03-26 has them', async () => {
    const response = await mcp.post([list, { jsonrpc: '2.0', id: 2, method: 'ping' }]);
    const answers = (await response.json()) as { id: number }[];
    expect(answers.map((answer) => answer.id).sort()).toEqual([1, 2]);
  });

  it('leaves nothing unanswered, and unlogged, that a batch itself cancels', async () => {
    const save = { name: 'save_user_note', arguments: { text: 'in a batch' } };
    const response = await mcp.post([
      { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { ...save, _meta: { progressToken: 1 } } },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } },
    ]);
    expect(await response.text()).toContain('structuredContent');
    expect(
      server.lines.find((line) => line.requestId === response.headers.get('x-request-id')),
    ).toMatchObject({
      mcpMethod: 'tools/call notifications/cancelled',
      tool: 'save_user_note',
    });
  });

  it('answers a request in a batch that calls itself a cancellation', async () => {
    const response = await mcp.post([
      { jsonrpc: '2.0', id: 7, method: 'ping' },
      { jsonrpc: '2.0', id: 8, method: 'notifications/cancelled', params: { requestId: 7 } },
    ]);
    const answers = (await response.json()) as { id: unknown }[];
    expect(answers.find(({ id }) => id === 8)).toMatchObject({ error: { code: -32_601 } });
    expect(answers.find(({ id }) => id === 7)).toMatchObject({ result: {} });
  });

  it.each([
    ['longer than ten', Array.from({ length: 11 }, (_, id) => ({ ...list, id })), {}, 'batch_too_long'],
    ['that names an id twice', [list, list], {}, 'invalid_request'],
    ['of a revision without batches', [list], { 'MCP-Protocol-Version': '2025-11-25' }, 'invalid_request'],
  ])('refuses a batch %s', async (_what, batch, headers, code) => {
    const response = await mcp.post(batch, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32_600, data: { code } } });
  });

  it.each([
    ['application/json', 200],
    ['Application/*', 200],
    ['*/*', 200],
    ['text/html', 406],
  ])('takes "Accept: %s" as far as it can: %d', async (accept, status) => {
    expect((await mcp.post(list, { Accept: accept })).status).toBe(status);
    expect((await mcp.modern('tools/list', {}, { Accept: accept })).status).toBe(status);
  });

  it('answers an unknown method with -32601', async () => {
    const response = await mcp.post({ jsonrpc: '2.0', id: 1, method: 'no/such' });
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32_601 } });
  });
});

describe('/mcp, 2026-07-28', () => {
  it('discovers without a handshake, and says what may be cached by whom', async () => {
    expect(await (await mcp.modern('server/discover')).json()).toMatchObject({
      result: { supportedVersions: ['2026-07-28'], cacheScope: 'public' },
    });
    expect(await (await mcp.modern('tools/list')).json()).toMatchObject({
      result: { ttlMs: 300_000, cacheScope: 'public' },
    });
    expect(await (await mcp.modern('resources/list')).json()).toMatchObject({
      result: { ttlMs: 0, cacheScope: 'private' },
    });
  });

  it('refuses headers that disagree with the body: -32020', async () => {
    const response = await mcp.modern('tools/list', {}, { 'Mcp-Method': 'tools/call' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32_020 } });
  });

  it('answers an unknown method with 404 and -32601', async () => {
    const response = await mcp.modern('no/such');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: -32_601 } });
  });

  it.each([
    ['tools/list', { cursor: 5 }],
    ['tools/call', { name: 1 }],
    ['resources/read', {}],
    ['resources/list', { cursor: 5 }],
    ['prompts/get', { arguments: {} }],
    ['completion/complete', { ref: { type: 'ref/prompt' } }],
  ])('calls parameters of %s that are not as specified -32602, in both eras', async (method, params) => {
    for (const response of [
      await mcp.post({ jsonrpc: '2.0', id: 7, method, params }),
      await mcp.modern(method, params),
    ]) {
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        error: { code: -32_602, message: expect.stringContaining(method) },
      });
    }
  });
});

describe('what goes wrong inside', () => {
  it('never shows an unexpected error’s own message, only the request id that the log has too', async () => {
    const response = await mcp.modern('tools/call', { name: 'leaky', arguments: {} });
    const text = await response.text();
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toMatchObject({
      error: { code: -32_603, data: { requestId: response.headers.get('x-request-id') } },
    });
    const requestId = response.headers.get('x-request-id');
    expect(server.lines.filter((line) => line.requestId === requestId)).toEqual([
      {
        level: 'error',
        event: 'unexpected_failure',
        requestId,
        tool: 'leaky',
        cause: 'Error: password=hunter2',
        stack: expect.stringMatching(/protocol\.test\.ts.* <- /),
      },
      expect.objectContaining({ event: 'request', tool: 'leaky', status: 200, error: 'internal_error' }),
    ]);
  });

  it('logs a failing dependency also when the answer, a stream, has begun', async () => {
    const response = await mcp.modern('tools/call', {
      name: 'late',
      arguments: {},
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await response.text()).toContain('-32603');
    const requestId = response.headers.get('x-request-id');
    expect(server.lines).toContainEqual(
      expect.objectContaining({
        event: 'unexpected_failure',
        requestId,
        error: 'storage_unavailable',
        detail: 'gone',
      }),
    );
  });

  it('gives a tool up at its deadline', async () => {
    const response = await mcp.modern('tools/call', { name: 'endless', arguments: {} });
    expect(await response.json()).toMatchObject({
      result: { isError: true, content: [{ text: 'The tool did not finish within 0.05 seconds.' }] },
    });
  });

  it('answers 503 with Retry-After and the request’s own id while the storage is down; other tools go on', async () => {
    const { TABLES_CONNECTION_STRING = '', ...environment } = createTestEnvironment();
    const unreachable = TABLES_CONNECTION_STRING.replace(/:\d+\/devstore/g, ':9/devstore');
    const { mcpUrl, stop } = await startServer(
      { ...environment, TABLES_CONNECTION_STRING: unreachable },
      { withoutTables: true },
    );
    const raw = createRawMcp(mcpUrl, await userToken('alice'));
    const saving = await raw.modern('tools/call', { name: 'save_user_note', arguments: { text: 'x' } });
    const adding = await raw.modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
    await stop();
    expect([saving.status, saving.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await saving.json()).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      error: { data: { code: 'storage_unavailable' } },
    });
    expect(await adding.json()).toMatchObject({ result: { structuredContent: { result: 3 } } });
  });
});

describe('completion', () => {
  it.each(['constructor', '__proto__', 'toString', 'id2'])('has nothing for an argument %s', async (name) => {
    const response = await mcp.modern('completion/complete', {
      ref: { type: 'ref/resource', uri: 'note:///{id}' },
      argument: { name, value: 'a' },
    });
    expect(await response.json()).toMatchObject({ result: { completion: { values: [], hasMore: false } } });
  });
});

describe('session data', () => {
  it('tells a person which clients they used, written behind the answer', async () => {
    const raw = createRawMcp(server.mcpUrl, await userToken('bob'));
    await raw.modern('tools/list');
    let clients: unknown[] = [];
    while (clients.length === 0) {
      const response = await raw.modern('tools/call', { name: 'get_user_profile', arguments: {} });
      const body = (await response.json()) as { result: { structuredContent: { clients: unknown[] } } };
      clients = body.result.structuredContent.clients;
    }
    expect(clients).toEqual([
      {
        clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        clientName: 'raw-client',
        protocolVersion: '2026-07-28',
        firstSeen: expect.any(String),
        lastSeen: expect.any(String),
      },
    ]);
  });
});
