import { describeFaults } from '../support/fault-table.ts';

const noKeys = '503 signing_keys_unavailable';

describeFaults({
  dependency: "Entra's token endpoint",
  needs: { refresh: '503 entra_unavailable', 'way back from Entra': 'redirect temporarily_unavailable' },
  // Calls go on without it, and refreshes within a minute of the last confirmation.
  always: ['refresh'],
  refusedToo: {
    'GET /health': noKeys,
    "call with Entra's token": noKeys,
    echo: noKeys,
    'saving a note': noKeys,
    'listing notes': noKeys,
  },
  ageMs: 61_000,
  counted: { probe: 'refresh' },
});
