import { createRecordTable } from '../azure/record-table.ts';
import type { Tables } from '../azure/tables.ts';
import {
  consentSchema,
  grantSchema,
  payloadSchema,
  replySchema,
  upstreamSignInSchema,
  type OAuthStores,
} from '../oauth/stores.ts';
import type { Sealer } from '../stores/sealer.ts';

/** The state of the authorization server in Table Storage. */
export function createOAuthStores(tables: Tables, sealer: Sealer, now: () => number): OAuthStores {
  const options = { sealer, now };
  return {
    clients: createRecordTable(tables, { ...options, name: 'Clients', schema: payloadSchema }),
    requests: createRecordTable(tables, { ...options, name: 'Requests', schema: payloadSchema }),
    signIns: createRecordTable(tables, { ...options, name: 'SignIns', schema: upstreamSignInSchema }),
    codes: createRecordTable(tables, { ...options, name: 'Codes', schema: payloadSchema }),
    grants: createRecordTable(tables, { ...options, name: 'Grants', schema: grantSchema }),
    refreshTokens: createRecordTable(tables, { ...options, name: 'RefreshTokens', schema: payloadSchema }),
    consents: createRecordTable(tables, { ...options, name: 'Consents', schema: consentSchema }),
    replies: createRecordTable(tables, { ...options, name: 'Replies', schema: replySchema }),
  };
}
