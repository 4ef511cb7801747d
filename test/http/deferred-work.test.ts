import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createDeferredWork } from '../../src/http/deferred-work.ts';

describe('deferred work', () => {
  it('begins at once what waits, and is settled when all of it has ended', async () => {
    const work = createDeferredWork();
    const told: string[] = [];
    const slow = Promise.withResolvers<undefined>();
    work.start(async () => {
      told.push('begun');
      await slow.promise;
      told.push('ended');
    });
    const settled = work.settle().then(() => told.push('settled'));
    await setImmediate();
    expect(told).toEqual(['begun']);
    slow.resolve(undefined);
    await settled;
    expect(told).toEqual(['begun', 'ended', 'settled']);
  });

  it('lets nothing wait that starts when it is being settled, and waits for it too', async () => {
    const work = createDeferredWork();
    const told: string[] = [];
    work.start(() => {
      work.start(() => Promise.resolve(void told.push('second')));
      return Promise.resolve(void told.push('first'));
    });
    await work.settle();
    expect(told).toEqual(['first', 'second']);
  });

  it('has nothing to settle where nothing was left', async () => {
    await expect(createDeferredWork().settle()).resolves.toBeUndefined();
  });
});
