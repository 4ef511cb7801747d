import { describe, expect, it } from '@jest/globals';
import type { SessionClient, SessionStore } from '../../src/stores/session-store.ts';
import { createThrottledSessionStore } from '../../src/stores/throttled-session-store.ts';

const owner = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  objectId: '55555555-5555-4555-8555-555555555555',
};
const other = { ...owner, objectId: '77777777-7777-4777-8777-777777777777' };

function createThrottle({ maxEntries = 10 } = {}) {
  const written: SessionClient[] = [];
  const state = { now: 0, failure: undefined as Error | undefined };
  const inner: SessionStore = {
    record(_owner, client) {
      if (state.failure !== undefined) return Promise.reject(state.failure);
      written.push(client);
      return Promise.resolve();
    },
    list: () => Promise.resolve([{ clientId: 'listed', firstSeen: '', lastSeen: '' }]),
  };
  const store = createThrottledSessionStore(inner, { intervalMs: 1_000, maxEntries, now: () => state.now });
  return { store, written, state };
}

describe('the throttled session store', () => {
  it('writes a client once an interval', async () => {
    const { store, written, state } = createThrottle();
    for (state.now of [0, 1, 999]) await store.record(owner, { clientId: 'a' });
    expect(written).toHaveLength(1);
    state.now = 1_000;
    await store.record(owner, { clientId: 'a' });
    expect(written).toHaveLength(2);
  });

  it('writes once for requests that arrive together', async () => {
    const { store, written } = createThrottle();
    await Promise.all(Array.from({ length: 5 }, () => store.record(owner, { clientId: 'a' })));
    expect(written).toHaveLength(1);
  });

  it('tells owners and clients apart, and nothing that a client may choose', async () => {
    const { store, written } = createThrottle();
    await store.record(owner, { clientId: 'a' });
    await store.record(other, { clientId: 'a' });
    await store.record(owner, { clientId: 'b' });
    await store.record(owner, { clientId: 'a', clientName: 'other', protocolVersion: 'other' });
    expect(written).toHaveLength(3);
  });

  it('tries again after a write that failed', async () => {
    const { store, written, state } = createThrottle();
    state.failure = new Error('down');
    await expect(store.record(owner, { clientId: 'a' })).rejects.toBe(state.failure);
    state.failure = undefined;
    await store.record(owner, { clientId: 'a' });
    expect(written).toHaveLength(1);
  });

  it('remembers no more clients than it may and forgets the one written longest ago', async () => {
    const { store, written } = createThrottle({ maxEntries: 2 });
    for (const clientId of ['a', 'b', 'c', 'c', 'b', 'a']) await store.record(owner, { clientId });
    expect(written.map(({ clientId }) => clientId)).toEqual(['a', 'b', 'c', 'a']);
  });

  it('passes lists on', async () => {
    expect(await createThrottle().store.list(owner)).toMatchObject([{ clientId: 'listed' }]);
  });
});
