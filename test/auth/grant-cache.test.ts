import { beforeEach, describe, expect, it } from '@jest/globals';
import { createGrantCache } from '../../src/auth/grant-cache.ts';

const minute = 60_000;

describe('createGrantCache', () => {
  let time: number;
  let live: Set<string>;
  let asked: string[];
  let failure: Error | undefined;

  beforeEach(() => {
    time = 1_000_000_000_000;
    live = new Set(['grant']);
    asked = [];
    failure = undefined;
  });

  async function findEnd(grantId: string): Promise<number | undefined> {
    const until = time + minute;
    asked.push(grantId);
    await new Promise(setImmediate);
    if (failure !== undefined) throw failure;
    return live.has(grantId) ? until : undefined;
  }

  const now = () => time;

  it('S19: refuses a revoked grant within 60 seconds, on every instance', async () => {
    const instances = [createGrantCache(findEnd, { now }), createGrantCache(findEnd, { now })];
    for (const ask of instances) expect(await ask('grant')).toBe(true);
    live.clear();
    time += minute - 1;
    for (const ask of instances) expect(await ask('grant')).toBe(true);
    expect(asked).toHaveLength(2);
    time += 1;
    for (const ask of instances) expect(await ask('grant')).toBe(false);
  });

  it('S19: counts from when the question was put, not from its answer, and uses do not prolong', async () => {
    const ask = createGrantCache(
      async (grantId) => {
        const answer = await findEnd(grantId);
        time += 40_000;
        return answer;
      },
      { now },
    );
    expect(await ask('grant')).toBe(true);
    time += 19_999;
    expect(await ask('grant')).toBe(true);
    live.clear();
    time += 1;
    expect(await ask('grant')).toBe(false);
  });

  it('asks once for requests that arrive together, and for each grant', async () => {
    const ask = createGrantCache(findEnd, { now });
    const answers = await Promise.all(['grant', 'other', 'grant', 'other', 'grant'].map(ask));
    expect(answers).toEqual([true, false, true, false, true]);
    expect(asked).toEqual(['grant', 'other']);
  });

  it('does not remember that a grant has ended', async () => {
    const ask = createGrantCache(findEnd, { now });
    expect(await ask('other')).toBe(false);
    expect(await ask('other')).toBe(false);
    expect(asked).toHaveLength(2);
  });

  it('passes a failure on to all who wait, and asks again', async () => {
    const ask = createGrantCache(findEnd, { now });
    failure = new Error('storage');
    const outcomes = await Promise.allSettled([ask('grant'), ask('grant')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toHaveLength(1);
    failure = undefined;
    expect(await ask('grant')).toBe(true);
  });

  it('remembers no more than it may, and forgets the one looked up longest ago', async () => {
    live = new Set(['a', 'b', 'c']);
    const ask = createGrantCache(findEnd, { now, maxEntries: 2 });
    for (const grant of ['a', 'b', 'c']) await ask(grant);
    asked = [];
    for (const grant of ['c', 'b', 'a']) await ask(grant);
    expect(asked).toEqual(['a']);
  });
});
