import { describeFaults } from '../support/fault-table.ts';

const out = '503 secrets_unavailable';

describeFaults({
  dependency: 'Key Vault',
  needs: {
    'public keys': out,
    'call with our token': out,
    refresh: out,
    redemption: out,
    registration: out,
    'authorization request': '503 page',
    'way back from Entra': '503 page',
  },
  // Known keys count for twelve hours; after ten minutes a request asks for them first.
  always: [],
  ageMs: 11 * 60_000,
  counted: { probe: 'public keys', path: '/secrets/session-signing-key/' },
});
