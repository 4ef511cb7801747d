import { describe, expect, it } from '@jest/globals';
import { AppError, describeError, errorCodes, toAppError } from '../src/errors.ts';

describe('the catalogue of errors', () => {
  it.each(errorCodes)('%s has a status, a message of its own and, when retrying helps, a time', (code) => {
    const { status, message, retryAfter } = describeError(code);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(errorCodes.filter((other) => describeError(other).message === message)).toEqual([code]);
    expect(retryAfter !== undefined).toBe([429, 503].includes(status));
  });

  it('marks every refused token as invalid_token, and absent ones as nothing (RFC 6750 section 3.1)', () => {
    const unauthorized = errorCodes.filter((code) => describeError(code).status === 401);
    const unmarked = unauthorized.filter((code) => describeError(code).oauth !== 'invalid_token');
    expect(unmarked).toEqual(['missing_token', 'unsupported_scheme']);
  });
});

describe('toAppError', () => {
  it('keeps our own errors and hides all others behind internal_error', () => {
    const own = new AppError('not_found', { detail: 'x' });
    expect(toAppError(own)).toBe(own);
    const foreign = toAppError(new Error('password=hunter2'));
    expect(foreign.code).toBe('internal_error');
    expect(foreign.message).not.toContain('hunter2');
  });
});
