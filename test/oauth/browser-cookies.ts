import type { BrowserCookies } from '../../src/oauth/browser.ts';

export interface TestCookies extends BrowserCookies {
  readonly values: Map<string, string>;
}

/** A browser's cookies, without HTTP between. */
export function createTestCookies(values = new Map<string, string>()): TestCookies {
  return {
    values,
    get: (name) => values.get(name),
    list: (beginning) => [...values.keys()].filter((name) => name.startsWith(beginning)),
    set: (name, value) => void values.set(name, value),
    remove: (name) => void values.delete(name),
  };
}
