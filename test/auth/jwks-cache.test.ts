import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createJwksCache } from '../../src/auth/jwks-cache.ts';
import type { Ask } from '../../src/telemetry/telemetry.ts';
import { createTestKey, startJwksServer, type JwksServer, type TestKey } from '../support/jwks-server.ts';

const hour = 3_600_000;

describe('createJwksCache', () => {
  let first: TestKey;
  let second: TestKey;
  let server: JwksServer;
  let time: number;
  const now = () => time;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      createTestKey('first', 'https://issuer.example'),
      createTestKey('second'),
    ]);
  });
  beforeEach(async () => {
    time = 1_000_000_000_000;
    server = await startJwksServer([first]);
  });
  afterEach(() => server.stop());

  /** Notes the questions of a cache, so that a test can wait for one that goes on behind an answer. */
  function createObservedAsk() {
    const questions: Promise<unknown>[] = [];
    const ask: Ask = (_operation, work) => {
      const answered = work();
      questions.push(answered);
      return answered;
    };
    return { ask, settle: () => Promise.allSettled(questions) };
  }

  it('fetches once for any number of parallel first sights', async () => {
    const cache = createJwksCache(server.url, { now });
    const found = await Promise.all(Array.from({ length: 20 }, () => cache.find('first')));
    expect(found.every((key) => key?.issuer === 'https://issuer.example')).toBe(true);
    expect(server.requests).toBe(1);
  });

  it('finds a rotated key by one fetch, and asks no more often than the interval for unknown ones', async () => {
    const cache = createJwksCache(server.url, { now, unknownKeyIntervalMs: 30_000 });
    await cache.find('first');
    server.keys = [first, second];
    expect(await cache.find('second')).toBeUndefined();
    time += 30_000;
    expect(await cache.find('second')).toBeDefined();
    for (let index = 0; index < 50; index += 1) expect(await cache.find(`random-${index}`)).toBeUndefined();
    expect(server.requests).toBe(2);
  });

  it('forgets a key that is no longer published', async () => {
    const { ask, settle } = createObservedAsk();
    const cache = createJwksCache(server.url, { now, ask, freshMs: hour });
    await cache.find('first');
    server.keys = [second];
    time += hour;
    expect(await cache.find('first')).toBeDefined();
    await settle();
    expect(server.requests).toBe(2);
    expect(await cache.find('first')).toBeUndefined();
  });

  it('goes on with the keys it has while the provider is down, up to the stale limit, then says 503', async () => {
    const { ask, settle } = createObservedAsk();
    const cache = createJwksCache(server.url, { now, ask, freshMs: hour, staleMs: 24 * hour });
    await cache.find('first');
    server.failWith = 503;
    time += 2 * hour;
    expect(await cache.find('first')).toBeDefined();
    await settle();
    expect(server.requests).toBe(2);
    time += 22 * hour;
    await expect(cache.find('first')).rejects.toMatchObject({ code: 'signing_keys_unavailable' });
    server.failWith = undefined;
    time += 1_000;
    expect(await cache.find('first')).toBeDefined();
  });

  it('waits for the fetch when its keys are old, so that a withdrawn one ends on an idle instance too', async () => {
    const cache = createJwksCache(server.url, { now, waitMs: 2 * hour });
    await cache.find('first');
    server.keys = [second];
    time += 2 * hour;
    expect(await cache.find('first')).toBeUndefined();
  });

  it('takes no short keys and none for another algorithm', async () => {
    const { publicKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
    const jwk = await exportJWK(publicKey);
    const short = { ...jwk, n: jwk.n?.slice(0, 171) ?? '' };
    server.keys = [
      first,
      { ...second, jwk: { ...short, kid: 'short' } },
      { ...second, jwk: { ...jwk, kid: 'ps', alg: 'PS256' } },
    ];
    const cache = createJwksCache(server.url, { now });
    expect(await cache.find('first')).toBeDefined();
    expect(await cache.find('short')).toBeUndefined();
    expect(await cache.find('ps')).toBeUndefined();
  });

  it('says 503 when it has nothing, at once for a while, and recovers by itself', async () => {
    server.failWith = 500;
    const cache = createJwksCache(server.url, { now, failureIntervalMs: 1_000 });
    await expect(cache.check()).rejects.toMatchObject({ code: 'signing_keys_unavailable' });
    await expect(cache.find('first')).rejects.toMatchObject({ code: 'signing_keys_unavailable' });
    expect(server.requests).toBe(1);
    server.failWith = undefined;
    time += 1_000;
    await expect(cache.check()).resolves.toBeUndefined();
  });

  it('says 503, not "unknown key", when it could not look an unknown key up', async () => {
    const cache = createJwksCache(server.url, { now });
    await cache.find('first');
    server.failWith = 503;
    time += 30_000;
    await expect(cache.find('second')).rejects.toMatchObject({ code: 'signing_keys_unavailable' });
  });

  it('says 503 for a key set without a usable key', async () => {
    server.keys = [];
    await expect(createJwksCache(server.url, { now }).check()).rejects.toMatchObject({
      code: 'signing_keys_unavailable',
    });
  });
});
