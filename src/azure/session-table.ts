import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Session, SessionStore } from '../stores/session-store.ts';
import { partitionOf } from './owner-partition.ts';
import type { Row } from './table.ts';
import type { Tables } from './tables.ts';

const maxListed = 100;

const sessionRowSchema = z.object({
  clientId: z.string(),
  clientName: z.string().exactOptional(),
  protocolVersion: z.string().exactOptional(),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
});

function toSession(row: Row): Session[] {
  const parsed = sessionRowSchema.safeParse(row);
  // A record for people: one that cannot be read is left out rather than hiding the others.
  return parsed.success ? [parsed.data] : [];
}

export interface SessionTableOptions {
  readonly now?: () => number;
}

/** Sessions in Table Storage: one partition an owner, one row a client. */
export function createSessionTable(
  tables: Tables,
  { now = Date.now }: SessionTableOptions = {},
): SessionStore {
  const table = tables.table('Sessions');
  return {
    async record(owner, client) {
      const lastSeen = new Date(now()).toISOString();
      // Hashed, because a client id may hold characters that a key may not and be longer than one.
      const rowKey = createHash('sha256').update(client.clientId).digest('hex');
      const row = { partitionKey: partitionOf(owner), rowKey, ...client, lastSeen };
      if (await table.merge(row)) return;
      // Another request may create the row first; what it wrote then is as recent as this.
      await table.insert({ ...row, firstSeen: lastSeen });
    },
    async list(owner) {
      const rows = await table.list(partitionOf(owner), { limit: maxListed });
      return rows.flatMap(toSession);
    },
  };
}
