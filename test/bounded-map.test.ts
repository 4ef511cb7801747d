import { describe, expect, it } from '@jest/globals';
import { putLast } from '../src/bounded-map.ts';

describe('a bounded map', () => {
  it('forgets what was put longest ago', () => {
    const map = new Map<string, number>();
    for (const [index, key] of ['a', 'b', 'c'].entries()) putLast(map, key, index, 2);
    expect([...map]).toEqual([
      ['b', 1],
      ['c', 2],
    ]);
  });

  it('takes what is put again for new, and forgets nothing for it', () => {
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    putLast(map, 'a', 3, 2);
    expect([...map]).toEqual([
      ['b', 2],
      ['a', 3],
    ]);
  });
});
