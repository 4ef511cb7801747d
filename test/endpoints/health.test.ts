import { describe, expect, it } from '@jest/globals';
import { createHealthEndpoint, type Check } from '../../src/endpoints/health.ts';
import { AppError } from '../../src/errors.ts';
import { guardForTest } from '../support/guarded.ts';

function guardHealth(checks: Record<string, Check>, now: () => number) {
  return guardForTest(createHealthEndpoint({ checks, now, cacheMs: 5_000 }));
}

describe('GET /health', () => {
  it('tells each dependency’s state, and asks again only after a few seconds', async () => {
    let time = 1_800_000_000_000;
    let asked = 0;
    const { send } = guardHealth({ tables: () => Promise.resolve(void (asked += 1)) }, () => time);
    expect(await (await send()).json()).toEqual({
      status: 'ok',
      checkedAt: '2027-01-15T08:00:00.000Z',
      checks: { tables: { status: 'ok', ms: expect.any(Number) } },
    });
    time += 4_999;
    await send();
    expect(asked).toBe(1);
    time += 1;
    await send();
    expect(asked).toBe(2);
  });

  it('is 503 when one dependency fails, and names no more than a code', async () => {
    const { send } = guardHealth(
      {
        tables: () => Promise.reject(new AppError('storage_unavailable', { detail: 'account key hunter2' })),
        signing_keys: () => Promise.resolve(),
      },
      Date.now,
    );
    const response = await send();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    const body = await response.text();
    expect(body).not.toContain('hunter2');
    expect(JSON.parse(body)).toMatchObject({
      status: 'failed',
      checks: { tables: { status: 'failed', code: 'storage_unavailable' }, signing_keys: { status: 'ok' } },
    });
  });

  it('shares one round of checks among parallel requests', async () => {
    let asked = 0;
    const { send } = guardHealth({ tables: () => Promise.resolve(void (asked += 1)) }, Date.now);
    await Promise.all(Array.from({ length: 10 }, () => send()));
    expect(asked).toBe(1);
  });
});
