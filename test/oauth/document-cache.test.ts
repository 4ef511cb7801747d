import { describe, expect, it } from '@jest/globals';
import { createDocumentCache } from '../../src/oauth/document-cache.ts';

const url = 'https://client.example/keys.json';

/** A fetch that gives these answers in their order, and one more to nobody. */
function createFetch(answers: readonly (() => Promise<Response>)[]): typeof fetch {
  const left = [...answers];
  return () => left.shift()?.() ?? Promise.reject(new Error('one fetch too many'));
}

describe('the cache of fetched documents', () => {
  it('S22: asks no second time for what came while a call was being admitted', async () => {
    const fetchDocument = createFetch([() => Promise.resolve(Response.json({ keys: [] }))]);
    const slow = Promise.withResolvers<undefined>();
    const admissions = [Promise.resolve(), slow.promise];
    const cached = createDocumentCache(fetchDocument, {
      admit: async () => admissions.shift(),
      now: () => 0,
    });
    const [first, second] = [cached(url), cached(url)];
    expect(await (await first).json()).toEqual({ keys: [] });
    slow.resolve(undefined);
    expect(await (await second).json()).toEqual({ keys: [] });
    expect(admissions).toEqual([]);
  });

  it('gives headers of their own to all', async () => {
    const cached = createDocumentCache(createFetch([() => Promise.resolve(Response.json({}))]), {
      admit: () => Promise.resolve(),
      now: () => 0,
    });
    (await cached(new URL(url))).headers.set('X-Changed', 'yes');
    expect((await cached(new Request(url))).headers.has('x-changed')).toBe(false);
  });

  it('S22: asks once for calls that come together, and again after a failure', async () => {
    const fetchDocument = createFetch([
      () => Promise.reject(new Error('out')),
      () => Promise.resolve(Response.json({ keys: [1] })),
    ]);
    const cached = createDocumentCache(fetchDocument, { admit: () => Promise.resolve(), now: () => 0 });
    const together = await Promise.allSettled([cached(url), cached(url)]);
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = await Promise.all([cached(url), cached(url)]);
    for (const answer of later) expect(await answer.json()).toEqual({ keys: [1] });
  });
});
