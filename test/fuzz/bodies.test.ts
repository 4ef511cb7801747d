import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { visit } from 'jsonc-parser';
import { describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { parseJsonBody, readBody } from '../../src/http/body.ts';
import { parseJson } from '../../src/json.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, checkPrototypes, headerText, jsonText } from './arbitraries.ts';

const limit = 64;

/** A body that arrives in these pieces. */
function requestWith(pieces: readonly Uint8Array[], headers: Readonly<Record<string, string>> = {}): Request {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Request('https://mcp.example.com/', { method: 'POST', body, headers, duplex: 'half' });
}

/** The text, or the code that the body is refused with. Any other error is thrown on. */
async function read(request: Request): Promise<{ readonly text: string } | { readonly code: string }> {
  try {
    return { text: await readBody(request, limit) };
  } catch (error) {
    if (error instanceof AppError) return { code: error.code };
    throw error;
  }
}

const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    anyText.map((text) => new TextEncoder().encode(text.slice(0, 10))),
  ),
  { maxLength: 6 },
);

/** Whether an object of this JSON has a key twice or one that leads to prototypes, as another parser sees it. */
function hasUnsafeKeys(text: string): boolean {
  const objects: Set<string>[] = [];
  let isUnsafe = false;
  visit(text, {
    onObjectBegin: () => void objects.push(new Set()),
    onObjectProperty(name, _offset, _length, _line, _character, pathOf) {
      const keys = objects.at(-1) ?? new Set();
      const isPrototype = name === 'prototype' && pathOf().at(-1) === 'constructor';
      isUnsafe ||= keys.has(name) || name === '__proto__' || isPrototype;
      keys.add(name);
    },
    onObjectEnd: () => void objects.pop(),
  });
  return isUnsafe;
}

describe('a body', () => {
  it('is read as the UTF-8 that it is, wherever it is cut, and never past the limit', () =>
    expectToHold(
      fc.asyncProperty(pieces, async (sent) => {
        const bytes = Buffer.concat(sent);
        const result = await read(requestWith(sent));
        if (bytes.length > limit) return 'code' in result && result.code === 'body_too_large';
        const isUtf8 = Buffer.from(bytes.toString()).equals(bytes);
        if (!isUtf8) return 'code' in result && result.code === 'invalid_json';
        return 'text' in result && result.text === bytes.toString().replace(/^\ufeff/, '');
      }),
      { cost: 5 },
    ));

  it('is not believed about its own length or coding', () =>
    expectToHold(
      fc.asyncProperty(pieces, headerText, headerText, async (sent, length, coding) => {
        const result = await read(
          requestWith(sent, { 'Content-Length': length, 'Content-Encoding': coding }),
        );
        const isPlain = new Headers({ coding }).get('coding')?.toLowerCase() === 'identity';
        if ('text' in result) return isPlain && Buffer.byteLength(result.text) <= limit;
        const codes = ['body_too_large', 'invalid_json', ...(isPlain ? [] : ['unsupported_encoding'])];
        return codes.includes(result.code);
      }),
      { cost: 5 },
    ));

  it('is JSON where it says so and is, and refused otherwise without a word of what it holds', () =>
    expectToHold(
      fc.property(
        fc.oneof(anyText, jsonText()),
        fc.oneof(
          fc.constantFrom('application/json', 'APPLICATION/JSON ; charset=utf-8', 'text/json'),
          headerText,
        ),
        (text, type) => {
          const request = new Request('https://mcp.example.com/', {
            method: 'POST',
            body: 'x',
            headers: { 'Content-Type': type },
          });
          try {
            parseJsonBody(request, text);
            return /^\s*application\/json\s*(;|$)/i.test(type) && JSON.parse(text) !== undefined;
          } catch (error) {
            const isOurs =
              error instanceof AppError && error.cause === undefined && error.detail === undefined;
            return isOurs && ['unsupported_media_type', 'invalid_json', 'unsafe_keys'].includes(error.code);
          } finally {
            checkPrototypes();
          }
        },
      ),
      { cost: 2 },
    ));

  it('is refused for the keys of its JSON where another parser finds one twice, and nowhere else', () =>
    expectToHold(
      fc.property(jsonText(['a', ':', '"', '\\', 'a":'], ['":"', '"\\""', '"\\\\"']), (text) => {
        try {
          return isDeepStrictEqual(parseJson(text), JSON.parse(text)) && !hasUnsafeKeys(text);
        } catch (error) {
          return error instanceof AppError && error.code === 'unsafe_keys' && hasUnsafeKeys(text);
        }
      }),
    ));
});
