import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { readBearerToken } from '../../src/auth/authenticate.ts';
import { AppError } from '../../src/errors.ts';
import { expectToHold } from '../support/fuzz.ts';
import { base64urlAlphabet, base64urlText, headerText, textOf } from './arbitraries.ts';

const token = fc
  .tuple(base64urlText(), base64urlText(), base64urlText({ minLength: 0 }))
  .map((parts) => parts.join('.'));
const scheme = fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR');
const pieces = ['Bearer', 'bearer', ' ', '  ', '\t', ',', '.', 'aaa', 'b-_', '=', 'Basic', 'aaa.bbb.ccc'];
const header = fc.oneof(headerText, textOf(pieces, headerText));

/** What the header is read as: a token, or the code that it is refused with. Any other error is thrown on. */
function read(value: string | null): { readonly token: string } | { readonly code: string } {
  try {
    return { token: readBearerToken(value) };
  } catch (error) {
    if (error instanceof AppError) return { code: error.code };
    throw error;
  }
}

/** Three parts in base64url, the first two not empty. */
function isCompactJws(text: string): boolean {
  const parts = text.split('.');
  const [head, payload] = parts;
  const isBase64url = Array.from(parts.join('')).every((one) => base64urlAlphabet.includes(one));
  return parts.length === 3 && head !== '' && payload !== '' && isBase64url;
}

describe('the Authorization header', () => {
  it('gives one token of the exact grammar, or one of three codes', () =>
    expectToHold(
      fc.property(header, (value) => {
        const result = read(value);
        if ('code' in result)
          return ['missing_token', 'unsupported_scheme', 'malformed_token'].includes(result.code);
        const before = value.trim().slice(0, -result.token.length);
        return (
          isCompactJws(result.token) && value.trim().endsWith(result.token) && /^bearer +$/i.test(before)
        );
      }),
    ));

  it('gives every token of the grammar back as it was sent, whatever the case of the scheme', () =>
    expectToHold(
      fc.property(scheme, fc.integer({ min: 1, max: 4 }), token, (name, blanks, sent) => {
        const headers = new Headers({ Authorization: `${name}${' '.repeat(blanks)}${sent} ` });
        const result = read(headers.get('authorization'));
        return 'token' in result && result.token === sent;
      }),
    ));

  it('gives none of two tokens, however they are put together', () =>
    expectToHold(
      fc.property(
        token,
        token,
        fc.constantFrom(' ', ', ', ',', ';', '\t', ', Bearer ', ' Bearer '),
        (first, second, between) => {
          const result = read(`Bearer ${first}${between}${second}`);
          return 'code' in result && result.code === 'malformed_token';
        },
      ),
    ));
});
