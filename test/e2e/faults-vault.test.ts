import { describeFaults, secretUsers } from '../support/fault-table.ts';

describeFaults({
  dependency: 'Key Vault',
  needs: secretUsers,
  // Known keys count for twelve hours; after ten minutes a request asks for them first.
  always: [],
  ageMs: 11 * 60_000,
  counted: { probe: 'public keys', path: '/secrets/session-signing-key/' },
});
