import { describe, expect, it } from '@jest/globals';
import { readBearerToken } from '../../src/auth/authenticate.ts';
import { AppError } from '../../src/errors.ts';

function codeOf(header: string | null): string {
  try {
    readBearerToken(header);
  } catch (error) {
    if (error instanceof AppError) return error.code;
  }
  return 'accepted';
}

describe('readBearerToken', () => {
  it.each(['Bearer aaa.bbb.ccc', 'bearer aaa.bbb.ccc', 'BEARER  aaa.bbb.ccc ', 'Bearer a-_1.b.'])(
    'takes the token of %j',
    (header) => {
      expect(readBearerToken(header)).toMatch(/^[\w.-]+$/);
    },
  );

  it.each([
    ['a missing header', null, 'missing_token'],
    ['an empty header', ' ', 'missing_token'],
    ['Basic credentials', 'Basic YTpi', 'unsupported_scheme'],
    ['a bare token', 'aaa.bbb.ccc', 'unsupported_scheme'],
    ['a scheme without a token', 'Bearer', 'missing_token'],
    ['an opaque token', 'Bearer opaque', 'malformed_token'],
    ['two tokens', 'Bearer aaa.bbb.ccc ddd.eee.fff', 'malformed_token'],
    ['two headers joined', 'Bearer aaa.bbb.ccc, Bearer ddd.eee.fff', 'malformed_token'],
    ['a JWE', 'Bearer a.b.c.d.e', 'malformed_token'],
    ['characters of no JWT', 'Bearer aaa.b b.ccc', 'malformed_token'],
  ])('refuses %s', (_what, header, code) => {
    expect(codeOf(header)).toBe(code);
  });
});
