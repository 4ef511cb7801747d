import { describe, expect, it } from '@jest/globals';
import type { BearerEndpoint, BearerRoute, PublicEndpoint, PublicRoute } from '../../src/http/endpoint.ts';
import { createLateEndpoints } from '../../src/http/late-endpoint.ts';
import { createTestEndpoint, guardForTest, testPrincipal } from '../support/guarded.ts';

const openRoute: PublicRoute = { name: 'open', path: '/open', methods: ['GET'], access: 'public' };
const closedRoute: BearerRoute = { name: 'closed', path: '/closed', methods: ['GET'], access: 'bearer' };
const open: PublicEndpoint = createTestEndpoint(openRoute);
const closed: BearerEndpoint = {
  ...closedRoute,
  docs: { summary: 'For tests', responses: {} },
  handle: (_request, { principal }) => Response.json({ oid: principal.objectId }),
};

describe('late endpoints', () => {
  it('are the routes as they are, with nothing loaded before a request is let in', async () => {
    let loads = 0;
    const endpoints = createLateEndpoints([openRoute, closedRoute], () => {
      loads += 1;
      return Promise.resolve([closed, open]);
    });
    expect(endpoints).toEqual([
      { ...openRoute, handle: expect.any(Function) },
      { ...closedRoute, handle: expect.any(Function) },
    ]);
    const [, late = open] = endpoints;
    const { send } = guardForTest(late);
    const refused = await send();
    expect([refused.status, refused.headers.get('www-authenticate'), loads]).toEqual([
      401,
      expect.stringContaining('resource_metadata='),
      0,
    ]);
    const answered = await send({ headers: { Authorization: 'Bearer good' } });
    expect([answered.status, await answered.json(), loads]).toEqual([
      200,
      { oid: testPrincipal.objectId },
      1,
    ]);
  });

  it('answer 500 and say in the log which code is missing', async () => {
    const [late = open] = createLateEndpoints([openRoute], () => Promise.resolve([closed]));
    const { send, lines } = guardForTest(late);
    const response = await send();
    expect([response.status, await response.json()]).toEqual([
      500,
      expect.objectContaining({ code: 'internal_error' }),
    ]);
    expect(lines.at(-1)).toMatchObject({ level: 'error', cause: 'Error: no endpoint is named open' });
  });
});
