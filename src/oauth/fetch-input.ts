/**
 * The URL that `fetch` is called with. Not told by `instanceof`: a host may have put classes of its own in the place of
 * the global ones.
 */
export function urlOf(input: Parameters<typeof fetch>[0]): string {
  if (typeof input === 'string') return input;
  return 'href' in input ? input.href : input.url;
}
