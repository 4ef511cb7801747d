import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import type { BearerEndpoint, PublicEndpoint } from '../../src/http/endpoint.ts';
import { createTestEndpoint, guardForTest, testPrincipal } from '../support/guarded.ts';

const bearer: BearerEndpoint = { ...createTestEndpoint(), access: 'bearer' };

/** The audit events of one request. */
async function auditOf(endpoint: PublicEndpoint | BearerEndpoint, init: RequestInit = {}) {
  const { send, lines } = guardForTest(endpoint);
  const response = await send(init);
  expect(lines.filter(({ event }) => event === 'request')).toHaveLength(1);
  const requestId = response.headers.get('x-request-id');
  const events = lines.filter(({ event }) => event === 'audit');
  expect(events.filter((event) => event.requestId !== requestId)).toEqual([]);
  return events.map(({ level, action, outcome, user, client, reason }) => ({
    level,
    action,
    outcome,
    user,
    client,
    reason,
  }));
}

const nobody = { user: undefined, client: undefined };
const refusal = { level: 'warn', action: 'refusal', outcome: 'failure' };

describe('an audit event', () => {
  it('is written for a token that is refused', async () => {
    const headers = { Authorization: 'Bearer bad' };
    expect(await auditOf(bearer, { headers })).toEqual([
      { ...refusal, ...nobody, reason: 'invalid_signature' },
    ]);
  });

  it('names who was let in and then refused', async () => {
    const endpoint = { ...bearer, handle: () => Promise.reject(new AppError('missing_role')) };
    const { tenantId, objectId, clientId: client } = testPrincipal;
    expect(await auditOf(endpoint, { headers: { Authorization: 'Bearer good' } })).toEqual([
      { ...refusal, user: `${tenantId}/${objectId}`, client, reason: 'missing_role' },
    ]);
  });

  it('is written for a web page that may not call', async () => {
    expect(await auditOf(bearer, { headers: { Origin: 'https://evil.example' } })).toEqual([
      { ...refusal, ...nobody, reason: 'origin_not_allowed' },
    ]);
  });

  it.each(['not_found', 'invalid_request', 'storage_unavailable', 'missing_token'] as const)(
    'is not written for %s',
    async (code) => {
      const endpoint = createTestEndpoint({ handle: () => Promise.reject(new AppError(code)) });
      expect(await auditOf(endpoint)).toEqual([]);
    },
  );

  it('of the endpoint stands in for the one of the refusal', async () => {
    const endpoint = createTestEndpoint({
      handle(_request, { audit }) {
        audit({ action: 'sign_in', outcome: 'failure', reason: 'wrong_browser' });
        throw new AppError('wrong_browser');
      },
    });
    expect(await auditOf(endpoint)).toEqual([
      { level: 'warn', action: 'sign_in', outcome: 'failure', ...nobody, reason: 'wrong_browser' },
    ]);
  });

  it('of a success is of level info', async () => {
    const event = { action: 'registration', outcome: 'success', client: 'a-client' } as const;
    const endpoint = createTestEndpoint({
      handle(_request, { audit }) {
        audit(event);
        return Response.json({});
      },
    });
    expect(await auditOf(endpoint)).toEqual([{ level: 'info', ...nobody, reason: undefined, ...event }]);
  });
});
