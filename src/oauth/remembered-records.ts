import type { RecordStore, StoredRecord } from '../stores/record-store.ts';
import type { Exchange } from './exchange.ts';

/**
 * A store that reads a record once in an exchange: what was found, or written over what was found, is found again
 * without a question to the storage, until another write of this exchange or the record's end. Nothing outlives the
 * exchange or reaches another one. What others write meanwhile shows where it matters: `replace` is on condition of
 * what was read, `take` and `insert` ask the storage, and after a `replace` that failed so does `find`.
 */
export function rememberRecords<T>(
  store: RecordStore<T>,
  { current, now }: { readonly current: () => Exchange; readonly now: () => number },
): RecordStore<T> {
  const found = new WeakMap<Exchange, Map<string, StoredRecord<T>>>();

  function recordsOf(exchange: Exchange): Map<string, StoredRecord<T>> {
    const records = found.get(exchange) ?? new Map<string, StoredRecord<T>>();
    found.set(exchange, records);
    return records;
  }

  function remember(id: string, record: StoredRecord<T> | undefined) {
    if (record !== undefined) recordsOf(current()).set(id, record);
    return record;
  }

  function forget(id: string): void {
    recordsOf(current()).delete(id);
  }

  return {
    async find(id) {
      const known = recordsOf(current()).get(id);
      return known !== undefined && known.expiresAt > now() ? known : remember(id, await store.find(id));
    },
    insert(id, value, expiresAt) {
      forget(id);
      return store.insert(id, value, expiresAt);
    },
    save(id, value, expiresAt) {
      forget(id);
      return store.save(id, value, expiresAt);
    },
    async replace(id, ...given) {
      forget(id);
      return remember(id, await store.replace(id, ...given));
    },
    take(id) {
      forget(id);
      return store.take(id);
    },
    remove(id) {
      forget(id);
      return store.remove(id);
    },
  };
}
