import { AppError } from '../errors.ts';
import type { RecordStore, StoredRecord } from '../stores/record-store.ts';
import type { GrantRecord } from './stores.ts';

export type Upstream = NonNullable<GrantRecord['upstream']>;
/** The record of a grant that has an account. */
export type LinkedGrant = StoredRecord<GrantRecord & { readonly upstream: Upstream }>;

export interface WriteOptions {
  /** Whether the record may still be written to by this caller. */
  readonly isMine: (value: GrantRecord) => boolean;
  /** The least end that the record is to have, milliseconds since the epoch. */
  readonly lastsUntil?: number;
  /** The record as the caller has last seen it; read unless given. */
  readonly known?: StoredRecord<GrantRecord>;
}

/** The records of grants that have an account. */
export interface LinkedGrants {
  find(grantId: string): Promise<LinkedGrant | undefined>;
  /** Writes the account of a grant for as long as it may. False when it may not, or there is no record. */
  write(grantId: string, upstream: Upstream, options: WriteOptions): Promise<boolean>;
  /** The grant as it is leased to this call until then; undefined when another was faster. */
  lease(grantId: string, record: LinkedGrant, leasedUntil: number): Promise<LinkedGrant | undefined>;
}

const dayMs = 86_400_000;
/** Attempts of a write that others get in the way of. */
const maxWrites = 5;

export function isLinked(record: StoredRecord<GrantRecord> | undefined): record is LinkedGrant {
  return record?.value.upstream !== undefined;
}

export function createLinkedGrants(grants: RecordStore<GrantRecord>): LinkedGrants {
  return {
    async find(grantId) {
      const record = await grants.find(grantId);
      return isLinked(record) ? record : undefined;
    },

    async write(grantId, upstream, { isMine, lastsUntil = 0, known }) {
      let record = known;
      for (let attempt = 0; attempt < maxWrites; attempt += 1) {
        record ??= await grants.find(grantId);
        if (record === undefined || !isMine(record.value)) return false;
        // A day's use at a time: every new end is a row in the index of ends, too.
        const expiresAt = record.expiresAt < lastsUntil - dayMs ? lastsUntil : record.expiresAt;
        const value = { ...record.value, upstream };
        if ((await grants.replace(grantId, value, record, expiresAt)) !== undefined) return true;
        record = undefined;
      }
      throw new AppError('storage_contended', { detail: 'grant' });
    },

    async lease(grantId, record, leasedUntil) {
      const upstream = { ...record.value.upstream, leasedUntil };
      const leased = await grants.replace(grantId, { ...record.value, upstream }, record);
      return isLinked(leased) ? leased : undefined;
    },
  };
}
