import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { describeFailure } from '../../src/http/failure-fields.ts';

/** An error whose stack is whatever somebody has put there. */
function failWith(stack: unknown, message = 'broken'): Error {
  return Object.assign(new Error(message), { stack });
}

describe('what the log says of a mistake', () => {
  it('is where it was thrown, the innermost frames first and five at most', () => {
    const frames = ['a (a.ts:1:1)', 'b.ts:2:2', 'c', 'd', 'e', 'f'].map((frame) => `    at ${frame}`);
    const stack = `Error: broken\n${frames.join('\n')}`;
    const told = 'a (a.ts:1:1) <- b.ts:2:2 <- c <- d <- e';
    expect(describeFailure(failWith(stack))).toEqual({ cause: 'Error: broken', stack: told });
    const wrapped = new AppError('internal_error', { cause: failWith(stack) });
    expect(describeFailure(wrapped)).toMatchObject({ error: 'internal_error', stack: told });
  });

  it('takes no line of a message for a frame', () => {
    const message = 'see\n    at my secret place';
    expect(describeFailure(failWith(`Error: ${message}\n    at a.ts:1:1`, message)).stack).toBe('a.ts:1:1');
  });

  it.each([undefined, 42, {}, '', 'no frames'])('is no stack where that is %j', (stack) => {
    expect(describeFailure(failWith(stack)).stack).toBeUndefined();
  });

  it('is nothing about the code where a dependency failed', () => {
    const failure = new AppError('storage_unavailable', { detail: 'gone', cause: new Error('reset') });
    expect(describeFailure(failure)).toEqual({
      error: 'storage_unavailable',
      detail: 'gone',
      cause: 'Error: reset',
      stack: undefined,
    });
  });
});
