import { putLast } from '../bounded-map.ts';
import { askUnseen } from '../telemetry/observe.ts';
import type { Ask, CountLookup } from '../telemetry/telemetry.ts';
import { urlOf } from './fetch-input.ts';

/** How long what was fetched is given again, milliseconds. Key sets are fetched for every call of their client otherwise. */
const keptMs = 60_000;

interface Kept {
  readonly until: number;
  readonly body: string;
  readonly headers: Headers;
}

export interface DocumentCacheOptions {
  /** Called for each call that is not answered from what is kept; what it throws ends that call alone. */
  readonly admit: () => Promise<unknown>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Most documents kept; beyond that the one fetched longest ago is forgotten. */
  readonly maxEntries?: number;
  readonly ask?: Ask | undefined;
  readonly countLookup?: CountLookup | undefined;
}

/** A `fetch` that asks once a minute for each URL, and once for calls that come together. Failures are not kept. */
export function createDocumentCache(
  fetchDocument: typeof fetch,
  { admit, now, maxEntries = 100, ask = askUnseen, countLookup }: DocumentCacheOptions,
): typeof fetch {
  const kept = new Map<string, Kept>();
  const pending = new Map<string, Promise<Kept>>();

  async function get(url: string): Promise<Kept> {
    const { headers, ...response } = await fetchDocument(url).then(async (answer) => ({
      headers: answer.headers,
      body: await answer.text(),
    }));
    const entry = { ...response, headers, until: now() + keptMs };
    putLast(kept, url, entry, maxEntries);
    return entry;
  }

  function findKept(url: string): Kept | undefined {
    const found = kept.get(url);
    return found !== undefined && now() < found.until ? found : undefined;
  }

  function getOnce(url: string): Promise<Kept> {
    const question = pending.get(url) ?? ask('fetch', () => get(url)).finally(() => pending.delete(url));
    pending.set(url, question);
    return question;
  }

  return async function fetchKept(input) {
    const url = urlOf(input);
    let found = findKept(url);
    countLookup?.(found !== undefined);
    if (found === undefined) {
      await admit();
      // Another call's answer may have come while this one was being admitted.
      found = findKept(url) ?? (await getOnce(url));
    }
    // Headers of its own: whoever gets it may change them.
    return new Response(found.body, { headers: new Headers(found.headers) });
  };
}
