import { describe, expect, it } from '@jest/globals';
import { settings } from './support/settings.ts';
import type { ConfigFault } from '../src/config/fault.ts';
import { ConfigError, loadConfig } from '../src/config.ts';

const tenant = '11111111-1111-4111-8111-111111111111';
const api = '22222222-2222-4222-8222-222222222222';

/** The least that a server needs. */
const minimal = {
  PUBLIC_BASE_URL: 'https://mcp.example.com',
  ENTRA_TENANT_ID: tenant,
  ENTRA_AUDIENCES: `${api}, api://${api}`,
  TABLES_URL: 'https://account.table.core.windows.net',
  OAUTH_PROXY: 'off',
};

/** The least that a server with its own authorization server needs. */
const withProxy = {
  ...minimal,
  OAUTH_PROXY: 'on',
  ENTRA_CLIENT_ID: '55555555-5555-4555-8555-555555555555',
  KEY_VAULT_URL: 'https://kv-mcp.vault.azure.net/',
};

function faultsOf(environment: NodeJS.ProcessEnv): readonly ConfigFault[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('loadConfig', () => {
  it('needs five settings and gives the rest safe defaults', () => {
    const config = loadConfig(minimal);
    expect(config).toEqual({
      auth: { required: true },
      entra: {
        tenantId: tenant,
        authority: 'https://login.microsoftonline.com',
        audiences: [api, `api://${api}`],
        requiredScopes: ['access_as_user'],
        requiredAppRoles: ['Mcp.Invoke'],
        allowedTenants: [tenant],
        allowedClientIds: [],
      },
      http: {
        publicBaseUrl: 'https://mcp.example.com',
        allowedOrigins: [],
        maxRequestBytes: 1_048_576,
        maxConcurrentRequests: 200,
        callsPerMinute: 1_200,
      },
      tables: { url: 'https://account.table.core.windows.net', prefix: 'mcp' },
      identity: { managedIdentity: false },
      build: { id: 'dev' },
      telemetry: { share: 1 },
      log: { level: 'info' },
    });
    expect(Object.isFrozen(config.entra.audiences)).toBe(true);
  });

  it('has an authorization server unless told otherwise, with safe defaults', () => {
    expect(loadConfig(withProxy).oauth).toEqual({
      clientId: '55555555-5555-4555-8555-555555555555',
      credential: 'managed-identity',
      keyVaultUrl: 'https://kv-mcp.vault.azure.net',
      accessTokenSeconds: 3_600,
      refreshTokenSeconds: 2_592_000,
      allowedRedirectUris: [],
      clients: [],
      registration: true,
      callsPerMinute: 1_200,
      metadataDocuments: true,
      extraAuthorizeParams: {},
      trustedProxies: 1,
    });
    expect(faultsOf({ ...withProxy, OAUTH_PROXY: '' })).toEqual([]);
  });

  it('needs nothing of the authorization server when nobody has to sign in', () => {
    const local = { ...minimal, PUBLIC_BASE_URL: 'http://localhost:7071', AUTH_REQUIRED: 'false' };
    expect(loadConfig({ ...local, OAUTH_PROXY: 'on' }).oauth).toBeUndefined();
  });

  it('takes redirect URIs, and beginnings of them', () => {
    const uris = ['https://claude.ai/api/mcp/auth_callback', 'https://chatgpt.com/connector/oauth/*'];
    const given = [...uris, 'http://localhost/callback', 'cursor://anysphere.cursor-mcp/*'];
    const { oauth } = loadConfig({ ...withProxy, OAUTH_ALLOWED_REDIRECT_URIS: given.join(', ') });
    expect(oauth?.allowedRedirectUris).toEqual(given);
  });

  it('takes clients that the operator lists', () => {
    const client = { client_id: 'my-agent', redirect_uris: ['https://agent.example.com/callback'] };
    const given = JSON.stringify([{ ...client, scope: 'x' }]);
    expect(loadConfig({ ...withProxy, OAUTH_PREREGISTERED_CLIENTS: given }).oauth?.clients).toEqual([
      { ...client, token_endpoint_auth_method: 'none' },
    ]);
  });

  it.each([
    ['OAUTH_PREREGISTERED_CLIENTS', '{'],
    ['OAUTH_PREREGISTERED_CLIENTS', '{"client_id":"x"}'],
    ['OAUTH_PREREGISTERED_CLIENTS', '[{"client_id":"x"}]'],
    ['OAUTH_PREREGISTERED_CLIENTS', '[{"client_id":"sign-in-page","redirect_uris":["a:b"]}]'],
    ['OAUTH_PREREGISTERED_CLIENTS', '[{"client_id":"x","redirect_uris":["a:b"],"client_secret":"hunter2"}]'],
    [
      'OAUTH_PREREGISTERED_CLIENTS',
      '[{"client_id":"x","redirect_uris":["a:b"],"token_endpoint_auth_method":"client_secret_post"}]',
    ],
    ['OAUTH_EXTRA_AUTHORIZE_PARAMS', 'domain_hint=contoso.com&state=1'],
    ['OAUTH_EXTRA_AUTHORIZE_PARAMS', 'redirect_uri=https://evil.example'],
    ['OAUTH_ALLOWED_REDIRECT_URIS', '/callback'],
    ['OAUTH_ALLOWED_REDIRECT_URIS', 'https://*.example.com/callback'],
    ['OAUTH_ALLOWED_REDIRECT_URIS', 'https://example.com*'],
    ['OAUTH_ALLOWED_REDIRECT_URIS', 'https://example.com/a?b=*'],
    ['OAUTH_ALLOWED_REDIRECT_URIS', 'cursor:*'],
    ['TOKEN_EXPIRY_SECONDS', '30'],
    ['TOKEN_EXPIRY_SECONDS', '90000'],
    ['REFRESH_TOKEN_EXPIRY_SECONDS', '60'],
    ['ENTRA_CLIENT_CREDENTIAL', 'password'],
    ['KEY_VAULT_URL', 'http://kv-mcp.vault.azure.net'],
    ['TRUSTED_PROXIES', '-1'],
  ])('refuses %s = %s', (name, value) => {
    expect(faultsOf({ ...withProxy, [name]: value }).map((fault) => fault.name)).toEqual([name]);
  });

  it('does not sign in users where no scope is required of them', () => {
    const faults = faultsOf({ ...withProxy, ENTRA_REQUIRED_SCOPES: '' });
    expect(faults.map((fault) => fault.name)).toEqual(['ENTRA_REQUIRED_SCOPES']);
  });

  it('reports every fault at once, each with its name, the problem and an example', () => {
    const faults = faultsOf({
      PUBLIC_BASE_URL: 'http://mcp.example.com',
      MAX_REQUEST_BYTES: '12',
      LOG_LEVEL: 'loud',
    });
    expect(faults.map((fault) => fault.name)).toEqual([
      'PUBLIC_BASE_URL',
      'MAX_REQUEST_BYTES',
      'LOG_LEVEL',
      'TABLES_URL',
      'ENTRA_TENANT_ID',
      'ENTRA_AUDIENCES',
      'ENTRA_CLIENT_ID',
      'KEY_VAULT_URL',
    ]);
    for (const fault of faults) {
      expect(fault.problem).not.toBe('');
      expect(fault.example).not.toBe('');
    }
  });

  it('never repeats a value, which could be a secret in the wrong place', () => {
    const error = new ConfigError(faultsOf({ ...minimal, LOG_LEVEL: 'hunter2', ENTRA_TENANT_ID: 'hunter3' }));
    expect(error.message).toContain('LOG_LEVEL');
    expect(error.message).not.toContain('hunter');
  });

  it.each([
    ['PUBLIC_BASE_URL', 'https://mcp.example.com/path'],
    ['PUBLIC_BASE_URL', 'https://user:secret@mcp.example.com'],
    ['PUBLIC_BASE_URL', 'mcp.example.com'],
    ['ENTRA_AUTHORITY', 'http://login.example.com'],
    ['ENTRA_TENANT_ID', 'contoso.com'],
    ['ENTRA_AUDIENCES', 'not an audience'],
    ['ENTRA_AUDIENCES', 'api://ä'],
    ['ENTRA_AUTHORITY', 'https://login.microsoftonline.com\t.evil.example'],
    ['ENTRA_REQUIRED_SCOPES', 'two words'],
    ['ENTRA_ALLOWED_TENANTS', `${tenant},everyone`],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'https://example.com/page'],
    ['MAX_REQUEST_BYTES', '1e99'],
    ['AUTH_REQUIRED', 'yes'],
    ['TABLES_URL', 'http://127.0.0.1:10002/devstoreaccount1'],
    ['TABLE_PREFIX', '1mcp'],
    ['ENTRA_AUTHORITY', 'https://login.microsoftonline.com/organizations'],
    ['ENTRA_TENANT_ID', ' '],
    ['AZURE_CLIENT_ID', 'me'],
  ])('refuses %s = %j', (name, value) => {
    expect(faultsOf({ ...minimal, [name]: value }).map((fault) => fault.name)).toEqual([name]);
  });

  it('takes http for this machine only, and cuts trailing slashes', () => {
    const config = loadConfig({
      ...minimal,
      PUBLIC_BASE_URL: 'http://localhost:7071/',
      ENTRA_AUTHORITY: 'http://127.0.0.1:7080/',
    });
    expect(config.http.publicBaseUrl).toBe('http://localhost:7071');
    expect(config.entra.authority).toBe('http://127.0.0.1:7080');
  });

  it('writes origins as a browser sends them', () => {
    const config = loadConfig({
      ...minimal,
      ALLOWED_ORIGINS: 'https://A.example.com:443, http://localhost:6274/',
    });
    expect(config.http.allowedOrigins).toEqual(['https://a.example.com', 'http://localhost:6274']);
  });

  it('counts an empty value as absent, except for the lists that may be empty', () => {
    expect(loadConfig({ ...minimal, LOG_LEVEL: '', ENTRA_REQUIRED_APP_ROLES: '' })).toMatchObject({
      log: { level: 'info' },
      entra: { requiredAppRoles: [] },
    });
    const both = faultsOf({ ...minimal, ENTRA_REQUIRED_SCOPES: '', ENTRA_REQUIRED_APP_ROLES: '' });
    expect(both.map((fault) => fault.name)).toEqual(['ENTRA_REQUIRED_SCOPES']);
  });

  it('wants the accepted tenants listed when the tenant is a shared one', () => {
    expect(faultsOf({ ...minimal, ENTRA_TENANT_ID: 'organizations' }).map((fault) => fault.name)).toEqual([
      'ENTRA_ALLOWED_TENANTS',
    ]);
    const config = loadConfig({
      ...minimal,
      ENTRA_TENANT_ID: 'common',
      ENTRA_ALLOWED_TENANTS: tenant.toUpperCase(),
    });
    expect(config.entra.allowedTenants).toEqual([tenant]);
  });

  it('refuses a connection string that is none', () => {
    const faults = faultsOf({ ...minimal, TABLES_URL: ' ', TABLES_CONNECTION_STRING: 'nonsense' });
    expect(faults.map((fault) => fault.name)).toEqual(['TABLES_CONNECTION_STRING']);
  });

  it('wants exactly one way to the tables', () => {
    const both = { ...minimal, TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true' };
    expect(faultsOf(both).map((fault) => fault.name)).toEqual(['TABLES_URL']);
    expect(faultsOf({ ...minimal, TABLES_URL: undefined }).map((fault) => fault.name)).toEqual([
      'TABLES_URL',
    ]);
  });

  const local = {
    PUBLIC_BASE_URL: 'http://localhost:7071',
    AUTH_REQUIRED: 'false',
    TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true',
  };

  it('runs without Entra when AUTH_REQUIRED is false, on this machine only', () => {
    expect(faultsOf(local)).toEqual([]);
    const open = { ...local, PUBLIC_BASE_URL: 'https://mcp.example.com' };
    expect(faultsOf(open).map((fault) => fault.name)).toEqual(['AUTH_REQUIRED']);
  });

  it.each(['WEBSITE_SITE_NAME', 'WEBSITE_INSTANCE_ID', 'WEBSITE_POD_NAME', 'CONTAINER_APP_NAME'])(
    'refuses in Azure, known by %s, what is for laptops',
    (name) => {
      const laptop = { ...local, ENTRA_AUTHORITY: 'http://127.0.0.1:7080', [name]: 'x' };
      expect(faultsOf(laptop).map((fault) => fault.name)).toEqual([
        'AUTH_REQUIRED',
        'PUBLIC_BASE_URL',
        'ENTRA_AUTHORITY',
        'TABLES_CONNECTION_STRING',
      ]);
      expect(faultsOf({ ...minimal, [name]: 'x' })).toEqual([]);
    },
  );

  it('refuses Microsoft Graph as an audience: its tokens could be replayed', () => {
    for (const graph of ['https://graph.microsoft.com', '00000003-0000-0000-C000-000000000000']) {
      const faults = faultsOf({ ...minimal, ENTRA_AUDIENCES: `${api},${graph}` });
      expect(faults.map((fault) => fault.name)).toEqual(['ENTRA_AUDIENCES']);
    }
  });
});

describe('settings', () => {
  it('has an example for each name that the name accepts', () => {
    for (const { name, example } of settings) {
      const faults = faultsOf({ ...minimal, [name]: example }).filter((fault) => fault.name === name);
      // The two ways to the tables exclude each other, whichever is the example.
      if (name !== 'TABLES_CONNECTION_STRING') expect([name, faults]).toEqual([name, []]);
    }
  });
});
