import type { ClientFixture } from './index.ts';

const code = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };

/** Clients that register themselves (RFC 7591). */
export const registeringClients: readonly ClientFixture[] = [
  {
    name: 'Claude, where documents are not supported',
    registers: 'registration',
    metadata: {
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      token_endpoint_auth_method: 'none',
      scope: 'claudeai',
      ...code,
    },
    redirectUri: 'https://claude.ai/api/mcp/auth_callback',
    habits: { scope: 'claudeai', sendsResource: true },
  },
  {
    name: 'ChatGPT, a callback of its own for each connector',
    registers: 'registration',
    metadata: {
      client_name: 'ChatGPT',
      redirect_uris: ['https://chatgpt.com/connector/oauth/aB3_x-9'],
      token_endpoint_auth_method: 'client_secret_post',
      ...code,
    },
    redirectUri: 'https://chatgpt.com/connector/oauth/aB3_x-9',
    habits: { scope: '{scope}', sendsResource: true },
  },
  {
    name: 'VS Code',
    registers: 'registration',
    metadata: {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    redirectUri: 'http://127.0.0.1:61324/',
    habits: { scope: '{scope}', sendsResource: true },
  },
  {
    name: 'Cursor',
    registers: 'registration',
    metadata: {
      client_name: 'Cursor',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      token_endpoint_auth_method: 'none',
      ...code,
    },
    redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    habits: { scope: '{scope}', sendsResource: true },
  },
  {
    name: 'Gemini CLI',
    registers: 'registration',
    metadata: {
      client_name: 'Gemini CLI MCP Client',
      redirect_uris: ['http://localhost:7777/oauth/callback'],
      token_endpoint_auth_method: 'none',
      scope: '',
      ...code,
    },
    redirectUri: 'http://localhost:7777/oauth/callback',
    habits: { sendsResource: true },
  },
  {
    name: 'Copilot Studio',
    registers: 'registration',
    metadata: {
      client_name: 'Microsoft Copilot Studio',
      redirect_uris: [
        'https://global.consent.azure-apim.net/redirect/example-connector',
        'https://unitedstates-002.consent.azure-apim.net/redirect/example-connector',
      ],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
    },
    redirectUri: 'https://global.consent.azure-apim.net/redirect/example-connector',
    habits: { scope: '{scope} offline_access', sendsResource: false },
  },
  {
    name: 'Windsurf',
    registers: 'registration',
    metadata: {
      client_name: 'Windsurf',
      client_uri: null,
      logo_uri: null,
      redirect_uris: ['http://127.0.0.1:42321/auth/callback', 'windsurf://codeium.windsurf/oauth-callback'],
      token_endpoint_auth_method: 'none',
    },
    redirectUri: 'windsurf://codeium.windsurf/oauth-callback',
    habits: { sendsResource: false },
  },
  {
    name: 'LibreChat on the laptop it runs on',
    registers: 'registration',
    metadata: {
      client_name: 'LibreChat MCP Client',
      redirect_uris: ['http://localhost:3080/api/mcp/entra/oauth/callback'],
      token_endpoint_auth_method: 'client_secret_basic',
      logo_uri: '',
      ...code,
    },
    redirectUri: 'http://localhost:3080/api/mcp/entra/oauth/callback',
    habits: { scope: '{scope}', sendsResource: true },
  },
  {
    name: 'MCP Inspector',
    registers: 'registration',
    metadata: {
      client_name: 'MCP Inspector',
      client_uri: 'https://github.com/modelcontextprotocol/inspector',
      redirect_uris: ['http://localhost:6274/oauth/callback'],
      token_endpoint_auth_method: 'none',
      scope: 'access_as_user',
      ...code,
    },
    redirectUri: 'http://localhost:6274/oauth/callback',
    habits: { scope: '{scope}', sendsResource: true, parameters: { prompt: 'consent' } },
  },
  {
    name: 'mcp-remote',
    registers: 'registration',
    metadata: {
      client_name: 'MCP CLI Proxy',
      client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
      redirect_uris: ['http://localhost:3334/oauth/callback'],
      token_endpoint_auth_method: 'none',
      software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      software_version: '0.1.0',
      ...code,
    },
    redirectUri: 'http://localhost:3334/oauth/callback',
    habits: { scope: 'openid email profile', sendsResource: true },
  },
];
