import { join } from 'node:path';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import * as z from 'zod';
import { readJson, writePrivateJson } from '../private-file.ts';

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const entries = z.array(z.tuple([z.string(), z.custom<Entry>()]));

/** What a person would miss after a restart; codes and half-finished sign-ins are not worth a file. */
const survivors = ['Session', 'Grant', 'RefreshToken'];

/** Expired entries stay this long, so that a late caller hears "expired" instead of "unknown". */
const graceMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Where oidc-provider keeps its state: in memory, and what should survive a restart in `entra-state.json` too.
 *
 * Two departures from the library's contract make it behave like Entra: using a refresh token does not end it, and a
 * code that is presented twice does not end what the first presentation issued.
 */
export function createStore(dataDir: string | undefined): AdapterFactory {
  const path = dataDir === undefined ? undefined : join(dataDir, 'entra-state.json');
  const stored = path === undefined ? undefined : readJson(path);
  const rows = new Map<string, Entry>(stored === undefined ? [] : entries.parse(stored));

  function persist(model: string) {
    if (path === undefined || !survivors.includes(model)) return;
    writePrivateJson(
      path,
      [...rows].filter(([key]) => survivors.some((survivor) => key.startsWith(`${survivor}:`))),
    );
  }

  function sweep() {
    const horizon = Date.now() - graceMilliseconds;
    for (const [key, { expiresAt }] of rows) if (expiresAt < horizon) rows.delete(key);
  }

  return (model: string): Adapter => ({
    find: (id) => Promise.resolve(rows.get(`${model}:${id}`)?.payload),
    findByUid: (uid) =>
      Promise.resolve(
        [...rows].find(([key, { payload }]) => key.startsWith(`${model}:`) && payload.uid === uid)?.[1]
          .payload,
      ),
    findByUserCode: () => Promise.resolve(undefined),
    upsert(id, payload, expiresIn = 0) {
      sweep();
      rows.set(`${model}:${id}`, { payload, expiresAt: Date.now() + expiresIn * 1000 });
      persist(model);
      return Promise.resolve();
    },
    consume(id) {
      const payload = rows.get(`${model}:${id}`)?.payload;
      if (payload !== undefined && model !== 'RefreshToken') payload.consumed = Math.floor(Date.now() / 1000);
      return Promise.resolve();
    },
    destroy(id) {
      rows.delete(`${model}:${id}`);
      persist(model);
      return Promise.resolve();
    },
    revokeByGrantId: () => Promise.resolve(),
  });
}
