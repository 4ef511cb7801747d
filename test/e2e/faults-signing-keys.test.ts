import { describeFaults } from '../support/fault-table.ts';

const out = '503 signing_keys_unavailable';

describeFaults({
  dependency: "Entra's signing keys",
  needs: {
    'GET /health': out,
    "call with Entra's token": out,
    echo: out,
    'saving a note': out,
    'listing notes': out,
    'way back from Entra': 'redirect temporarily_unavailable',
  },
  // Known keys count for a day; after two hours every request asks for them first.
  always: [],
  ageMs: 2 * 3_600_000 + 60_000,
  confirmed: true,
  counted: { probe: "call with Entra's token" },
});
