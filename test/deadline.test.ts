import { describe, expect, it } from '@jest/globals';
import { withDeadline } from '../src/deadline.ts';

describe('withDeadline', () => {
  it('gives what comes in time, and the error otherwise', async () => {
    const late = () => new Error('late');
    await expect(withDeadline(Promise.resolve(1), 1_000, late)).resolves.toBe(1);
    await expect(withDeadline(Promise.reject(new Error('own')), 1_000, late)).rejects.toThrow('own');
    await expect(withDeadline(new Promise(() => undefined), 1, late)).rejects.toThrow('late');
  });
});
