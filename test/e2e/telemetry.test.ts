import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { homeTenant, users } from '../../dev/entra/directory.ts';
import { auditActions } from '../../src/http/audit.ts';
import { caches, counters, dependencies, histograms } from '../../src/telemetry/names.ts';
import type { OtlpReceiver, ReceivedSpan } from '../support/otlp-receiver.ts';
import { apiKey, publishedClient, runScenario, stranger, type Scenario } from './telemetry-scenario.ts';

let scenario: Scenario;
let receiver: OtlpReceiver;

beforeAll(async () => {
  scenario = await runScenario();
  ({ receiver } = scenario);
});
afterAll(() => receiver.stop());

function spansOfRequest(name: string): readonly ReceivedSpan[] {
  const { requestId } = scenario.answers[name] ?? {};
  return receiver.spans().filter((span) => span.attributes['entra_mcp.request_id'] === requestId);
}

/** The HTTP request's span of an answer, and the span of its MCP message. */
function spansOf(name: string) {
  const spans = spansOfRequest(name);
  return {
    http: spans.find(({ attributes }) => 'http.route' in attributes),
    mcp: spans.find(({ attributes }) => 'mcp.method.name' in attributes),
  };
}

function childrenOf(parent: ReceivedSpan | undefined): readonly ReceivedSpan[] {
  return receiver.spans().filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
}

describe('a request', () => {
  it('is a span by the conventions for HTTP, and its message one by those for MCP', () => {
    const { http, mcp } = spansOf('http');
    expect(http).toMatchObject({ name: 'POST /mcp', kind: 'server', failed: false });
    expect(http?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/mcp',
      'http.response.status_code': 200,
      'enduser.id': `${homeTenant.id}/${users.alice.oid}`,
    });
    expect(mcp).toMatchObject({ name: 'tools/call add', kind: 'server', failed: false, links: [] });
    expect(mcp?.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2026-07-28',
      'gen_ai.tool.name': 'add',
      'gen_ai.operation.name': 'execute_tool',
      'entra_mcp.era': 'modern',
      'jsonrpc.request.id': '1',
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
      'entra_mcp.request_id': scenario.answers.http?.requestId,
    });
    expect(mcp?.parentSpanId).toBe(http?.spanId);
  });

  it('goes on the trace of its header, though that says that nobody keeps it', () => {
    const { http, mcp } = spansOf('http');
    const { overHttp } = scenario.traces;
    expect(http).toMatchObject({ traceId: overHttp.traceId, parentSpanId: overHttp.spanId });
    expect(mcp?.traceId).toBe(overHttp.traceId);
  });

  it.each([
    ['legacy', '2025-06-18', 'inLegacyMeta', 'aroundLegacyMeta'],
    ['modern', '2026-07-28', 'inModernMeta', 'aroundModernMeta'],
  ] as const)(
    'goes on the trace of its message where that has one, and links the request that brought it (%s)',
    (era, version, inside, outside) => {
      const { http, mcp } = spansOf(`${era} meta`);
      const { [inside]: inMeta, [outside]: aroundMeta } = scenario.traces;
      expect(http).toMatchObject({ traceId: aroundMeta.traceId, parentSpanId: aroundMeta.spanId });
      expect(mcp).toMatchObject({ traceId: inMeta.traceId, parentSpanId: inMeta.spanId });
      expect(mcp?.links).toMatchObject([{ traceId: aroundMeta.traceId, spanId: http?.spanId }]);
      expect(mcp?.attributes).toMatchObject({ 'entra_mcp.era': era, 'mcp.protocol.version': version });
    },
  );

  it('has what it asks of the storage below its message, in either era', () => {
    for (const name of ['legacy', 'legacy meta', 'modern meta']) {
      const { mcp } = spansOf(name);
      const children = childrenOf(mcp);
      expect(children.map((span) => span.name)).toContain('tables transact');
      for (const span of children) {
        expect(span).toMatchObject({ kind: 'client', failed: false, traceId: mcp?.traceId });
        expect(span.attributes).toMatchObject({ 'peer.service': 'tables', 'db.collection.name': 'Notes' });
      }
    }
  });

  it.each([
    ['tool error', 'tools/call delete_user_note', { 'error.type': 'tool_error' }],
    ['invalid', 'tools/call add', { 'error.type': '-32602', 'rpc.response.status_code': '-32602' }],
    ['unknown tool', 'tools/call', { 'error.type': '-32602' }],
    ['unknown method', '_OTHER', { 'error.type': '-32601', 'mcp.method.name': '_OTHER' }],
    ['outage', 'tools/call get_user_notes', { 'error.type': 'storage_unavailable' }],
  ])('that fails says with what: %s', (name, spanName, attributes) => {
    const { mcp } = spansOf(name);
    expect(mcp).toMatchObject({ name: spanName, failed: true });
    expect(mcp?.attributes).toMatchObject(attributes);
  });

  it('fails with the storage, and shows where', () => {
    const { http, mcp } = spansOf('outage');
    expect(scenario.answers.outage?.status).toBe(503);
    expect(http).toMatchObject({ failed: true });
    expect(http?.attributes).toMatchObject({
      'http.response.status_code': 503,
      'error.type': 'storage_unavailable',
    });
    expect(childrenOf(mcp)).toMatchObject([{ name: 'tables list', failed: true }]);
  });

  it('that is refused is no failure of the server', () => {
    expect(spansOf('wrong audience').http).toMatchObject({ name: 'GET /me', failed: false });
    expect(spansOf('wrong audience').http?.attributes).toMatchObject({
      'http.response.status_code': 401,
      'error.type': 'wrong_audience',
    });
  });

  it('names its id in every error body, its trace in every line', () => {
    for (const [name, { status, requestId, text }] of Object.entries(scenario.answers)) {
      const isError = status >= 400 || text.includes('"error":');
      expect({ name, isThere: text.includes(requestId) }).toEqual({ name, isThere: isError });
      const lines = scenario.lines.filter((line) => line.requestId === requestId);
      expect(lines.map(({ traceId }) => traceId)).toContain(spansOf(name).http?.traceId);
    }
  });
});

describe('what the server depends on', () => {
  it('is seen below the requests that ask it: vault, Entra, identity, tables', () => {
    const spans = receiver.spans();
    const callback = spans.find(({ name }) => name === 'GET /auth/callback');
    const redeem = childrenOf(callback).find(({ name }) => name === 'entra redeem');
    expect(redeem).toMatchObject({ kind: 'client', failed: false });
    expect(childrenOf(redeem).map(({ name }) => name)).toContain('identity token');
    const asked = new Set(spans.filter(({ kind }) => kind === 'client').map(({ name }) => name));
    for (const name of ['vault session-signing-key', 'vault encryption-key', 'entra keys', 'tables get'])
      expect([...asked]).toContain(name);
    expect(spans.filter(({ kind, parentSpanId }) => kind === 'client' && parentSpanId === undefined)).toEqual(
      [],
    );
  });
});

describe('what a client publishes', () => {
  it('is a span below the request that needs it: the document for the sign-in, the keys for the token', () => {
    const fetches = receiver.spans().filter(({ attributes }) => attributes['peer.service'] === 'clients');
    const above = fetches.map(({ parentSpanId }) =>
      receiver.spans().find(({ spanId }) => spanId === parentSpanId),
    );
    expect(above.map((span) => span?.name)).toEqual(['GET /auth/authorize', 'POST /auth/token']);
    for (const [index, span] of fetches.entries()) {
      expect(span).toMatchObject({ name: 'clients fetch', kind: 'client', failed: false });
      expect(span.traceId).toBe(above[index]?.traceId);
      expect(span.seconds).toBeGreaterThan(0);
    }
  });
});

describe('the metrics', () => {
  const valueOf = (metric: string, attributes: object) =>
    receiver
      .points(metric)
      .filter((point) =>
        Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
      )
      .reduce((sum, { value }) => sum + value, 0);

  it('are those of the catalogue, every one of them', () => {
    expect(receiver.metrics()).toEqual([...Object.keys(counters), ...Object.keys(histograms)].sort());
  });

  it('count calls by method, tool, era and outcome, and time them', () => {
    const call = { 'mcp.method.name': 'tools/call' };
    expect(
      valueOf('entra_mcp.calls', { ...call, 'gen_ai.tool.name': 'add', 'entra_mcp.outcome': 'success' }),
    ).toBe(1);
    expect(valueOf('entra_mcp.calls', { ...call, 'entra_mcp.era': 'legacy' })).toBe(2);
    expect(valueOf('entra_mcp.calls', { ...call, 'entra_mcp.outcome': 'failure' })).toBe(4);
    expect(valueOf('mcp.server.operation.duration', { 'error.type': 'tool_error' })).toBe(1);
    expect(valueOf('http.server.request.duration', { 'http.route': '/mcp' })).toBe(11);
  });

  it('count failures by code and refused tokens by reason', () => {
    expect(valueOf('entra_mcp.failures', { 'error.type': 'storage_unavailable', 'http.route': '/mcp' })).toBe(
      1,
    );
    expect(
      valueOf('entra_mcp.failures', { 'error.type': 'invalid_grant', 'http.route': '/auth/token' }),
    ).toBe(1);
    for (const reason of ['missing_token', 'malformed_token', 'wrong_audience'])
      expect([reason, valueOf('entra_mcp.token.refusals', { 'error.type': reason })]).toEqual([reason, 1]);
  });

  it('tell of every cache whether it knew', () => {
    const asked = receiver
      .points('entra_mcp.cache.lookups')
      .map(({ attributes }) => attributes['entra_mcp.cache']);
    expect([...new Set(asked)].sort()).toEqual(Object.keys(caches).sort());
    for (const cache of Object.keys(caches))
      for (const result of ['hit', 'miss'])
        expect([
          cache,
          result,
          valueOf('entra_mcp.cache.lookups', { 'entra_mcp.cache': cache, 'entra_mcp.cache.result': result }) >
            0,
        ]).toEqual([cache, result, true]);
  });

  it('count what clients publish once each: a document and its keys, which are known when they are needed again', () => {
    const lookups = { 'entra_mcp.cache': 'client_documents' };
    const countOf = (result: string) =>
      valueOf('entra_mcp.cache.lookups', { ...lookups, 'entra_mcp.cache.result': result });
    expect([countOf('miss'), countOf('hit')]).toEqual([2, 1]);
    const fetches = { 'peer.service': 'clients', 'entra_mcp.operation': 'fetch' };
    expect(valueOf('entra_mcp.dependency.duration', fetches)).toBe(2);
  });

  it('time each dependency', () => {
    for (const service of Object.keys(dependencies))
      expect([service, valueOf('entra_mcp.dependency.duration', { 'peer.service': service }) > 0]).toEqual([
        service,
        true,
      ]);
  });

  it('have no value of a caller’s choosing', () => {
    const metrics = [...Object.keys(counters), ...Object.keys(histograms)];
    const values = metrics.flatMap((metric) =>
      receiver.points(metric).flatMap(({ attributes }) => Object.values(attributes)),
    );
    expect(values.filter((value) => /drop tables|no\/such|2099/.test(String(value)))).toEqual([]);
  });
});

describe('the audit events', () => {
  const eventsOf = () =>
    receiver
      .lines()
      .filter(({ event }) => event === 'audit')
      .map(({ attributes }) => attributes);
  const [alice, bob] = [users.alice, users.bob].map(({ tenantId, oid }) => `${tenantId}/${oid}`);

  it('are of every action, each with a request id', () => {
    expect([...new Set(eventsOf().map(({ action }) => action))].sort()).toEqual(
      Object.keys(auditActions).sort(),
    );
    expect(eventsOf().filter(({ requestId }) => requestId === undefined)).toEqual([]);
  });

  it('are one for each sign-in, consent, registration, refresh, revocation and refusal, with who, client and outcome', () => {
    const [{ client } = {}] = eventsOf().filter(({ action }) => action === 'registration');
    expect(client).toMatch(/^[\w-]{10,}$/);
    const own = 'sign-in-page';
    const of = { client: publishedClient };
    const told = eventsOf().map(({ action, outcome, user, client: by, reason }) => ({
      action,
      outcome,
      user,
      client: by,
      reason,
    }));
    const success = { outcome: 'success', reason: undefined };
    const failure = { outcome: 'failure', user: undefined };
    expect(told).toEqual([
      { ...failure, action: 'refusal', client: undefined, reason: 'malformed_token' },
      { ...failure, action: 'refusal', client: undefined, reason: 'wrong_audience' },
      { ...success, action: 'registration', user: undefined, client },
      { ...success, action: 'consent', user: undefined, client },
      { ...success, action: 'sign_in', user: alice, client },
      { ...success, action: 'refresh', user: alice, client },
      { ...success, action: 'revocation', user: alice, client },
      { ...failure, action: 'revocation', client, reason: 'unknown_token' },
      { ...success, action: 'consent', user: undefined, client },
      { ...success, action: 'sign_in', user: bob, client },
      { ...success, action: 'revocation', user: bob, client },
      { ...failure, action: 'registration', client: undefined, reason: 'invalid_redirect_uri' },
      { ...failure, action: 'refresh', client, reason: 'invalid_grant' },
      { ...failure, action: 'refusal', client, reason: 'invalid_redirect_uri' },
      { ...failure, action: 'consent', client, reason: 'denied' },
      { ...success, action: 'sign_in', user: alice, client: own },
      { ...success, action: 'revocation', user: alice, client: own },
      { ...success, ...of, action: 'consent', user: undefined },
      { ...success, ...of, action: 'sign_in', user: alice },
      { ...success, ...of, action: 'refresh', user: alice },
      { ...success, ...of, action: 'consent', user: undefined },
      { ...failure, ...of, action: 'sign_in', reason: 'access_denied AADSTS65004' },
      { ...success, ...of, action: 'consent', user: undefined },
      // Entra has said who it is.
      { ...failure, ...of, action: 'sign_in', user: alice, reason: 'storage_unavailable' },
    ]);
  });

  it('are lines of the log too, the same', () => {
    const lines = scenario.lines.filter(({ event }) => event === 'audit');
    expect(lines.map(({ action, requestId }) => [action, requestId])).toEqual(
      eventsOf().map(({ action, requestId }) => [action, requestId]),
    );
  });
});

describe('what is sent', () => {
  it('goes to the collector with its key', () => {
    expect(receiver.requests.length).toBeGreaterThan(2);
    for (const { headers } of receiver.requests) expect(headers['x-api-key']).toBe(apiKey);
    expect(receiver.resource()).toMatchObject({
      'service.name': 'entra-mcp',
      'entra_mcp.build': 'test-build',
    });
  });

  it('holds no secret, and of people nothing but tenant and object id', () => {
    const sent = receiver.requests.map(({ body }) => body.toString()).join('\n');
    expect(sent).toContain(users.alice.oid);
    expect(scenario.hunt.findIn(sent)).toEqual([]);
    for (const { name, username } of Object.values(users)) {
      expect(sent).not.toContain(name);
      expect(sent).not.toContain(username);
    }
    for (const told of Object.values(stranger)) expect(sent).not.toContain(told);
    for (const text of ['What nobody may see', 'evil.example']) expect(sent).not.toContain(text);
    // The log names what a caller asked for, in a field of its own; nothing else does.
    const beside = receiver.requests.filter(({ path }) => path !== '/v1/logs');
    expect(beside.map(({ body }) => body.toString()).join('\n')).not.toContain('drop tables');
  });
});
