/** The URL that `fetch` is called with, as it was written. */
export function urlOf(input: Parameters<typeof fetch>[0]): string {
  if (typeof input === 'string') return input;
  return 'href' in input ? input.href : input.url;
}
