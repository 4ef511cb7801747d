import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { noteId, noteText } from '../../src/mcp/note-schemas.ts';

describe('the text of a note', () => {
  it.each([
    ['one character', 'a'],
    ['16,384 characters of one UTF-16 unit', 'a'.repeat(16_384)],
    ['16,384 characters of two UTF-16 units', '🗒'.repeat(16_384)],
    ['control characters', '\u0000\u0007\u2028\ufffe'],
  ])('may be %s', (_what, text) => {
    expect(noteText.safeParse(text).success).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['16,385 characters', 'a'.repeat(16_385)],
    ['16,385 characters of two units', '🗒'.repeat(16_385)],
    ['half a character', '\ud83d'],
    ['a number', 7],
  ])('may not be %s', (_what, text) => {
    expect(noteText.safeParse(text).success).toBe(false);
  });

  it('shows its limits in the JSON schema', () => {
    expect(z.toJSONSchema(noteText)).toMatchObject({ type: 'string', minLength: 1, maxLength: 16_384 });
  });
});

describe('the id of a note', () => {
  it.each(['8199999999999-0123456789abcdef'])('may be %s', (id) => {
    expect(noteId.safeParse(id).success).toBe(true);
  });
  it.each([
    '',
    'count',
    '8199999999999-0123456789ABCDEF',
    '8199999999999-0123456789abcdef\n',
    "' or '1' eq '1",
  ])('may not be %j', (id) => {
    expect(noteId.safeParse(id).success).toBe(false);
  });
});
