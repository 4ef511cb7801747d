import { describeFaults } from '../support/fault-table.ts';

const out = '503 storage_unavailable';

describeFaults({
  dependency: 'Table Storage',
  needs: {
    'call with our token': out,
    'saving a note': out,
    'listing notes': out,
    refresh: out,
    redemption: out,
    registration: out,
    'authorization request': '503 page',
    'way back from Entra': '503 page',
  },
  // A grant that stood counts for a minute.
  always: ['saving a note', 'refresh', 'registration', 'authorization request'],
  ageMs: 45_000,
  counted: { probe: 'listing notes', path: 'Notes' },
});
