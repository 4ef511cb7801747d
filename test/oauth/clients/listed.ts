import type { ClientFixture } from './index.ts';

/** Clients that the operator listed (OAUTH_PREREGISTERED_CLIENTS), and that are given their id by hand. */
export const listedClients: readonly ClientFixture[] = [
  {
    name: 'Cursor with a static client',
    registers: 'listed',
    metadata: {
      client_id: 'cursor',
      client_name: 'Cursor',
      redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    },
    redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    habits: { scope: '{scope}', sendsResource: true },
  },
  {
    name: 'n8n',
    registers: 'listed',
    metadata: {
      client_id: 'n8n',
      client_name: 'n8n',
      redirect_uris: ['https://n8n.example.com/rest/oauth2-credential/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
    redirectUri: 'https://n8n.example.com/rest/oauth2-credential/callback',
    habits: { scope: '{scope}', sendsResource: false, parameters: { login_hint: 'ada@contoso.com' } },
  },
  {
    name: 'JetBrains',
    registers: 'listed',
    metadata: {
      client_id: 'jetbrains-ide',
      redirect_uris: ['http://127.0.0.1/api/mcp/oauth/callback', 'http://[::1]/api/mcp/oauth/callback'],
    },
    redirectUri: 'http://[::1]:63342/api/mcp/oauth/callback',
    habits: { sendsResource: true },
  },
];
