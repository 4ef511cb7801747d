import { describeFaults } from '../support/fault-table.ts';

const out = '503 secrets_unavailable';

describeFaults({
  dependency: 'managed identity',
  needs: {
    'public keys': out,
    'call with our token': out,
    refresh: out,
    redemption: out,
    registration: out,
    'authorization request': '503 page',
    'way back from Entra': '503 page',
  },
  // Its tokens count until they expire.
  always: [],
  ageMs: 11 * 60_000,
  counted: { probe: 'public keys' },
  coldAsProcesses: true,
});
