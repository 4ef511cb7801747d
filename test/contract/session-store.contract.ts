import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Owner } from '../../src/stores/owner.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';

const noon = Date.parse('2026-01-02T12:00:00.000Z');

function createOwner(): Owner {
  return { tenantId: randomUUID(), objectId: randomUUID() };
}

/** What every session store must do. `createStore` opens the same storage with the given clock. */
export function describeSessionStore(name: string, createStore: (now: () => number) => SessionStore): void {
  describe(`${name} as a session store`, () => {
    it('records when a client was first and last seen', async () => {
      let now = noon;
      const store = createStore(() => now);
      const owner = createOwner();
      const client = { clientId: randomUUID(), clientName: 'Inspector', protocolVersion: '2025-11-25' };
      await store.record(owner, client);
      now += 60_000;
      await store.record(owner, { ...client, clientName: 'Inspector 2', protocolVersion: '2026-07-28' });
      expect(await store.list(owner)).toEqual([
        {
          clientId: client.clientId,
          clientName: 'Inspector 2',
          protocolVersion: '2026-07-28',
          firstSeen: '2026-01-02T12:00:00.000Z',
          lastSeen: '2026-01-02T12:01:00.000Z',
        },
      ]);
    });

    it('keeps what a client told before and does not tell now', async () => {
      const store = createStore(() => noon);
      const owner = createOwner();
      const clientId = randomUUID();
      await store.record(owner, { clientId, clientName: 'Inspector' });
      await store.record(owner, { clientId });
      expect(await store.list(owner)).toMatchObject([{ clientId, clientName: 'Inspector' }]);
    });

    it('leaves out what was never told', async () => {
      const store = createStore(() => noon);
      const owner = createOwner();
      await store.record(owner, { clientId: 'client' });
      const seen = '2026-01-02T12:00:00.000Z';
      expect(await store.list(owner)).toEqual([{ clientId: 'client', firstSeen: seen, lastSeen: seen }]);
    });

    it('takes any text for the id of a client and tells clients apart', async () => {
      const store = createStore(() => noon);
      const owner = createOwner();
      const ids = ['a', 'A', 'https://client.example/meta?x=1#/\\', `' or ''`, '\u2028', 'x'.repeat(3_000)];
      for (const clientId of ids) await store.record(owner, { clientId });
      const clients = await store.list(owner);
      expect(clients.map(({ clientId }) => clientId).sort()).toEqual([...ids].sort());
    });

    it('keeps owners apart', async () => {
      const store = createStore(() => noon);
      const owner = createOwner();
      await store.record(owner, { clientId: 'client' });
      expect(await store.list({ ...owner, tenantId: randomUUID() })).toEqual([]);
      expect(await store.list({ tenantId: owner.objectId, objectId: owner.tenantId })).toEqual([]);
    });

    it('makes one session of a client that is first seen by several requests at once', async () => {
      const store = createStore(() => noon);
      const owner = createOwner();
      await Promise.all(Array.from({ length: 8 }, () => store.record(owner, { clientId: 'client' })));
      expect(await store.list(owner)).toHaveLength(1);
    });
  });
}
