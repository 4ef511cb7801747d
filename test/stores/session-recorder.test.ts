import { describe, expect, it } from '@jest/globals';
import { createSessionRecorder } from '../../src/stores/session-recorder.ts';
import type { SessionClient } from '../../src/stores/session-store.ts';

const owner = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  objectId: '55555555-5555-4555-8555-555555555555',
};
const other = { ...owner, objectId: '77777777-7777-4777-8777-777777777777' };

function createRecorder({ maxEntries = 10 } = {}) {
  const written: SessionClient[] = [];
  const state = { now: 0, failure: undefined as Error | undefined };
  const recorder = createSessionRecorder(
    {
      record(_owner, client) {
        if (state.failure !== undefined) return Promise.reject(state.failure);
        written.push(client);
        return Promise.resolve();
      },
    },
    { intervalMs: 1_000, maxEntries, now: () => state.now },
  );
  const record = async (who: typeof owner, client: SessionClient) => recorder.due(who, client)?.();
  return { recorder, record, written, state };
}

describe('the session recorder', () => {
  it('hands out the write of a client once an interval', async () => {
    const { record, written, state } = createRecorder();
    for (state.now of [0, 1, 999]) await record(owner, { clientId: 'a' });
    expect(written).toHaveLength(1);
    state.now = 1_000;
    await record(owner, { clientId: 'a' });
    expect(written).toHaveLength(2);
  });

  it('hands out one write for requests that arrive before it has begun', () => {
    const { recorder, written } = createRecorder();
    const due = Array.from({ length: 5 }, () => recorder.due(owner, { clientId: 'a' }));
    expect(due.filter((write) => write !== undefined)).toHaveLength(1);
    expect(written).toEqual([]);
  });

  it('tells owners and clients apart, and nothing that a client may choose', async () => {
    const { record, written } = createRecorder();
    await record(owner, { clientId: 'a' });
    await record(other, { clientId: 'a' });
    await record(owner, { clientId: 'b' });
    await record(owner, { clientId: 'a', clientName: 'other', protocolVersion: 'other' });
    expect(written).toHaveLength(3);
  });

  it('hands out a write again that failed', async () => {
    const { record, written, state } = createRecorder();
    state.failure = new Error('down');
    await expect(record(owner, { clientId: 'a' })).rejects.toBe(state.failure);
    state.failure = undefined;
    await record(owner, { clientId: 'a' });
    expect(written).toHaveLength(1);
  });

  it('remembers no more clients than it may and forgets the one written longest ago', async () => {
    const { record, written } = createRecorder({ maxEntries: 2 });
    for (const clientId of ['a', 'b', 'c', 'c', 'b', 'a']) await record(owner, { clientId });
    expect(written.map(({ clientId }) => clientId)).toEqual(['a', 'b', 'c', 'a']);
  });
});
