import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Owner } from '../stores/owner.ts';

const guid = z.guid().toLowerCase();
const ownerSchema = z.object({ tenantId: guid, objectId: guid });

/**
 * PartitionKey of everything that belongs to an owner: both GUIDs, so that no key can be that of another.
 * @throws AppError `internal_error` when either is not a GUID
 */
export function partitionOf(owner: Owner): string {
  const parsed = ownerSchema.safeParse(owner);
  if (!parsed.success) throw new AppError('internal_error', { detail: 'owner: not a pair of GUIDs' });
  return `${parsed.data.tenantId}:${parsed.data.objectId}`;
}
