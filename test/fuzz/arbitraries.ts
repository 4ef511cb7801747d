import fc, { type Arbitrary } from 'fast-check';

/** Any string of UTF-16 units, lone surrogates among them. */
export const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.integer({ min: 0, max: 0x7f }).map((unit) => String.fromCharCode(unit)),
  ),
  maxLength: 40,
});

/** What a header can carry: Latin-1 without the ends of lines and without NUL. */
export const headerText = fc.string({
  unit: fc
    .integer({ min: 1, max: 0xff })
    .filter((unit) => unit !== 10 && unit !== 13)
    .map((unit) => String.fromCharCode(unit)),
  maxLength: 40,
});

/** Texts that are made of these pieces in any order, with a little of anything in between. */
export function textOf(pieces: readonly string[], noise: Arbitrary<string> = anyText): Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: noise.map((text) => text.slice(0, 3)) },
  );
  return fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
}

/** The 64 characters of base64url (RFC 4648 section 5). */
export const base64urlAlphabet: readonly string[] = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
);
const base64url = fc.constantFrom(...base64urlAlphabet);

/** Characters of base64url, as many as given or 1 to 20. */
export function base64urlText({ minLength = 1, maxLength = 20 } = {}): Arbitrary<string> {
  return fc.string({ unit: base64url, minLength, maxLength });
}

/** One stretch of a text taken out, put in or replaced. Places are parts of its length. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly piece: string;
}

export const anyEdit: Arbitrary<Edit> = fc.record({
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  piece: fc.oneof(anyText, base64url, fc.constant('')),
});

/** The text after the edit; never the text itself. */
export function change(text: string, { from, to, piece }: Edit): string {
  const [start, end] = [Math.min(from, to), Math.max(from, to)].map((part) => Math.round(part * text.length));
  const changed = text.slice(0, start) + piece + text.slice(end);
  return changed === text ? `${text}A` : changed;
}

/** Names that reach what every object inherits, where code is careless with them. */
const inheritedNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then'];

/**
 * JSON as text, so that a member can come twice and `__proto__` is a member like every other.
 * @param names members that mean something to the reader
 * @param values texts of JSON values that do
 */
export function jsonText(names: readonly string[] = [], values: readonly string[] = []): Arbitrary<string> {
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...names, ...inheritedNames) },
    { weight: 1, arbitrary: anyText },
  );
  const scalar = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(...values, 'null', 'true', '0', '""', '[]', '{}', '1e400', '-0'),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(anyText, fc.integer(), fc.double()).map((value) => JSON.stringify(value)),
    },
  );
  return fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie('object'), tie('list')),
    list: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    object: fc
      .array(fc.tuple(name, tie('value')), { maxLength: 8 })
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
  })).value;
}

const roots = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const inherited = roots.map((root) => Reflect.ownKeys(root).length);

/** Throws where something was put into what every object inherits. */
export function checkPrototypes(): void {
  roots.forEach((root, index) => {
    if (Reflect.ownKeys(root).length !== inherited[index]) throw new Error('a prototype has changed');
  });
}
