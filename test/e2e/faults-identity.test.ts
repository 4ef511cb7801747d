import { describeFaults, secretUsers } from '../support/fault-table.ts';

describeFaults({
  dependency: 'managed identity',
  needs: secretUsers,
  // Its tokens count until they expire.
  always: [],
  ageMs: 11 * 60_000,
  counted: { probe: 'public keys' },
  coldAsProcesses: true,
});
