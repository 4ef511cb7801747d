import { AppError } from './errors.ts';

const [quote, colon, backslash] = [0x22, 0x3a, 0x5c];

/** The keys of a text that is JSON, each as often as it is there: a colon that is in no string follows one. */
function countWrittenKeys(text: string): number {
  let count = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) isInString = !isInString;
    else if (!isInString && code === colon) count += 1;
    else if (code === backslash) at += 1;
  }
  return count;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** By these, code that merges objects changes the prototype of all of them. */
function reachesPrototype(key: string, value: unknown): boolean {
  return (
    key === '__proto__' || (key === 'constructor' && isObject(value) && Object.hasOwn(value, 'prototype'))
  );
}

/** The keys of a value. Without recursion: it may be nested deeper than functions can call each other. */
function countKeys(value: unknown): number {
  let count = 0;
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (Array.isArray(next)) {
      for (const child of next) if (isObject(child)) waiting.push(child);
    } else if (isObject(next)) {
      for (const key of Object.keys(next)) {
        const child = next[key];
        if (reachesPrototype(key, child)) throw new AppError('unsafe_keys');
        if (isObject(child)) waiting.push(child);
        count += 1;
      }
    }
  }
  return count;
}

/**
 * Reads JSON that has each key once: where one is there twice, others may go by another value than this server does
 * (RFC 8259 section 4).
 * @throws AppError `invalid_json`; `unsafe_keys` where an object has a key twice, or one that leads to prototypes
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text, which no log may hold.
    throw new AppError('invalid_json');
  }
  if (countKeys(value) !== countWrittenKeys(text)) throw new AppError('unsafe_keys');
  return value;
}
