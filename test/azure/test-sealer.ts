import { createHash } from 'node:crypto';
import { createSealer } from '../../src/oauth/sealer.ts';
import type { Sealer } from '../../src/stores/sealer.ts';

/** The real sealer, with a key of its own by its name. */
export function createTestSealer(name = 'key'): Sealer {
  const value = createHash('sha256').update(name).digest('base64url');
  const versions = () => Promise.resolve([{ id: name, value }]);
  return createSealer({ read: versions, refresh: versions });
}
