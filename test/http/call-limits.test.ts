import { describe, expect, it } from '@jest/globals';
import { createCallLimits, createWindows } from '../../src/http/call-limits.ts';
import type { EndpointRoute } from '../../src/http/endpoint.ts';
import { describeQuota } from '../../src/quota.ts';
import { guardForTest, createTestEndpoint, testPrincipal } from '../support/guarded.ts';

const minute = 60_000;
let now = 0;

function openWindows(most: number, maxKeys?: number) {
  return createWindows({
    policy: 'test',
    most,
    windowMs: minute,
    now: () => now,
    ...(maxKeys !== undefined && { maxKeys }),
  });
}

describe('a window of calls', () => {
  it('lets through as many as it has, tells what is left, and ends a minute after the first', () => {
    const admit = openWindows(2);
    const quota = { policy: 'test', most: 2, windowMs: minute };
    expect(admit('a')).toEqual({ admitted: true, quota: { ...quota, remaining: 1, resetMs: minute } });
    now += minute - 1;
    expect(admit('a')).toEqual({ admitted: true, quota: { ...quota, remaining: 0, resetMs: 1 } });
    expect(admit('a')).toEqual({ admitted: false, quota: { ...quota, remaining: 0, resetMs: 1 } });
    now += 1;
    expect(admit('a')).toMatchObject({ admitted: true, quota: { remaining: 1, resetMs: minute } });
  });

  it('is each key’s own', () => {
    const admit = openWindows(1);
    expect([admit('a'), admit('b'), admit('a')].map(({ admitted }) => admitted)).toEqual([true, true, false]);
  });

  it('is forgotten, the oldest first, when there are more keys than are remembered', () => {
    const admit = openWindows(1, 2);
    for (const key of ['a', 'b', 'c']) admit(key);
    expect(['b', 'c', 'a'].map((key) => admit(key).admitted)).toEqual([false, false, true]);
  });

  it('is told in the words of the RateLimit draft, with whole seconds and never none', () => {
    const quota = { policy: 'test', most: 5, windowMs: minute, remaining: 3, resetMs: 1_001 };
    expect(describeQuota(quota)).toEqual({
      'RateLimit-Policy': '"test";q=5;w=60',
      RateLimit: '"test";r=3;t=2',
    });
    expect(describeQuota({ ...quota, resetMs: 0 }).RateLimit).toBe('"test";r=3;t=1');
  });
});

const mcp: EndpointRoute = {
  name: 'mcp',
  path: '/mcp',
  methods: ['POST'],
  access: 'bearer',
  counted: 'caller',
};
const token: EndpointRoute = {
  name: 'token',
  path: '/token',
  methods: ['POST'],
  access: 'public',
  counted: 'address',
};

function requestFrom(address: string): Request {
  return new Request('https://mcp.example.com/', { headers: { 'X-Forwarded-For': `6.6.6.6, ${address}` } });
}

describe('the limits of calls', () => {
  const options = { perCaller: 1, perAddress: 1, trustedProxies: 1, now: () => now };

  it('count callers by tenant and object id alone, whatever client or address they use', () => {
    const count = createCallLimits(options);
    const other = { ...testPrincipal, objectId: '77777777-7777-4777-8777-777777777777' };
    count(mcp, requestFrom('1.1.1.1'), testPrincipal);
    expect(count(mcp, requestFrom('1.1.1.1'), other)).toMatchObject({ remaining: 0 });
    const again = { ...testPrincipal, clientId: '88888888-8888-4888-8888-888888888888', scopes: [] };
    expect(() => count(mcp, requestFrom('2.2.2.2'), again)).toThrow(
      expect.objectContaining({ code: 'too_many_calls' }),
    );
  });

  it('count addresses by what the trusted front end wrote, not by what a client made up', () => {
    const count = createCallLimits(options);
    count(token, requestFrom('1.1.1.1'), undefined);
    expect(count(token, requestFrom('2.2.2.2'), undefined)).toMatchObject({ remaining: 0 });
    const forged = new Request('https://mcp.example.com/', {
      headers: { 'X-Forwarded-For': '9.9.9.9, 1.1.1.1' },
    });
    expect(() => count(token, forged, undefined)).toThrow(
      expect.objectContaining({ code: 'too_many_calls' }),
    );
  });

  it('count nothing where they are 0, nor where a route says nothing', () => {
    const count = createCallLimits({ ...options, perCaller: 0, perAddress: 0 });
    const plain: EndpointRoute = { name: 'me', path: '/me', methods: ['GET'], access: 'bearer' };
    for (const route of [mcp, token, plain]) {
      for (let times = 0; times < 3; times += 1)
        expect(count(route, requestFrom('1.1.1.1'), testPrincipal)).toBeUndefined();
    }
  });

  it('are told with every answer, and with a 429 that says when to come back', async () => {
    let handled = 0;
    const endpoint = createTestEndpoint({
      counted: 'address',
      errors: 'json-rpc',
      handle: () => {
        handled += 1;
        return Response.json({});
      },
    });
    const { send, lines } = guardForTest(endpoint, {
      countCall: createCallLimits({ ...options, perAddress: 2 }),
    });
    now += 10 * minute;
    const first = await send();
    expect(first.headers.get('ratelimit-policy')).toBe('"address";q=2;w=60');
    expect(first.headers.get('ratelimit')).toBe('"address";r=1;t=60');
    await send();
    now += 20_000;
    const refused = await send();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
    expect(refused.headers.get('ratelimit')).toBe('"address";r=0;t=40');
    expect(await refused.json()).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_000, data: { code: 'too_many_calls' } },
    });
    expect(handled).toBe(2);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', status: 429, error: 'too_many_calls' });
  });

  it('are told with a refusal too that came after the count', async () => {
    const { send } = guardForTest(createTestEndpoint({ counted: 'address' }), {
      countCall: createCallLimits({ ...options, perAddress: 2 }),
    });
    const refused = await send({ method: 'POST', body: 'x'.repeat(2_000) });
    expect(refused.status).toBe(413);
    expect(refused.headers.get('ratelimit')).toBe('"address";r=1;t=60');
  });
});
