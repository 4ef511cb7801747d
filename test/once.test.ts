import { describe, expect, it } from '@jest/globals';
import { once } from '../src/once.ts';

describe('once', () => {
  it('loads with the first call and gives the same to all', async () => {
    let loads = 0;
    const load = once(() => {
      loads += 1;
      return Promise.resolve({});
    });
    expect(loads).toBe(0);
    const [first, second] = await Promise.all([load(), load()]);
    expect(first).toBe(second);
    expect(await load()).toBe(first);
    expect(loads).toBe(1);
  });

  it('tries again after a failure', async () => {
    const results = [Promise.reject(new Error('no such file')), Promise.resolve('loaded')];
    const load = once(() => results.shift() ?? Promise.resolve('again'));
    await expect(load()).rejects.toThrow('no such file');
    expect(await load()).toBe('loaded');
    expect(await load()).toBe('loaded');
  });
});
