import { describeFaults } from '../support/fault-table.ts';

const out = '503 storage_unavailable';

describeFaults({
  dependency: 'Table Storage',
  needs: {
    'GET /health': out,
    'call with our token': out,
    'saving a note': out,
    'listing notes': out,
    refresh: out,
    redemption: out,
    revocation: out,
    registration: out,
    'authorization request': '503 page',
    'consent page': '503 page',
    'consent given': '503 page',
    'way back from Entra': '503 page',
    'sign-in page': '503 page',
    'signing out': '503 page',
  },
  // A grant that stood counts for a minute.
  always: [
    'GET /health',
    'saving a note',
    'listing notes',
    'refresh',
    'revocation',
    'registration',
    'authorization request',
    'consent page',
    'consent given',
  ],
  // It deletes a row.
  bodiless: ['signing out'],
  ageMs: 30_000,
  counted: { probe: 'listing notes', path: 'Notes' },
});
