import { describe, expect, it } from '@jest/globals';
import { AppError } from '../src/errors.ts';
import { parseJson } from '../src/json.ts';

function codeOf(text: string): string | undefined {
  try {
    parseJson(text);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

describe('JSON from outside', () => {
  it.each([
    'null',
    '""',
    '[]',
    '{}',
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":1}}}',
    '{"a" \n\t:1,"b":"c\\":d","":"\\\\"}',
    '{"\\"":":","\\\\":"\\":","a:":":"}',
    '"{\\"a\\":1,\\"a\\":2}"',
    '["__proto__",{"constructor":"Gaudí","prototype":{}}]',
  ])('is read as JSON.parse does: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":"\\\\","a":{"c":[{"d":1,"d":":"}]}}]',
    '{"__proto__":null}',
    '[{"a":{"\\u005f_proto__":{"b":1}}}]',
    '{"constructor":{"prototype":{"a":1}}}',
  ])('is refused for its keys: %s', (text) => {
    expect(codeOf(text)).toBe('unsafe_keys');
    expect({}).not.toHaveProperty('a');
  });

  it.each(['', '{', '{"a":1,}', "{'a':1}", '{"a":1} x', '\u{feff}1'])(
    'is refused where it is none: %s',
    (text) => {
      expect(codeOf(text)).toBe('invalid_json');
    },
  );

  it('may be deeper than functions can call each other', () => {
    const [begin, end] = ['{"a":[', ']}'].map((part) => part.repeat(100_000));
    expect(codeOf(`${begin}${end}`)).toBeUndefined();
    expect(codeOf(`${begin}{"b":1,"b":2}${end}`)).toBe('unsafe_keys');
  });
});
