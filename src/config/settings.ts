import * as z from 'zod';
import { logLevels } from '../log.ts';
import { setting, type SettingInfo } from './setting.ts';
import { telemetrySettings } from './telemetry-settings.ts';
import {
  audience,
  connectionString,
  extraParameters,
  flag,
  guidValue,
  httpsUrl,
  list,
  origin,
  preregisteredClients,
  redirectUriPattern,
  scopeName,
  sharedTenants,
  wholeNumber,
} from './values.ts';

/** Each name of the environment and its rule, alone; rules between names are in rules.ts. */
export const environmentSchema = z.object({
  PUBLIC_BASE_URL: setting(origin, {
    description:
      'URL under which clients reach this server (the gateway’s, behind one). Never taken from a header.',
    example: 'https://func-mcp-abc.azurewebsites.net',
    aliases: ['BASE_URL', 'SERVER_URL', 'FASTMCP_SERVER_AUTH_AZURE_BASE_URL'],
  }),
  AUTH_REQUIRED: setting(flag.default(true), {
    description: 'false runs every request as one fixed local user. Refused in Azure.',
    example: 'true',
    aliases: ['ENABLE_AUTH', 'MCP_AUTH_ENABLED'],
  }),
  ENTRA_TENANT_ID: setting(
    z.union([guidValue, z.enum(sharedTenants)], 'must be a GUID, or "organizations" or "common"').optional(),
    {
      description:
        'Tenant whose tokens are accepted; "organizations" or "common" for several (then list them).',
      example: '11111111-1111-4111-8111-111111111111',
      aliases: ['AUTH_TENANT_ID', 'AZURE_TENANT_ID', 'TENANT_ID', 'FASTMCP_SERVER_AUTH_AZURE_TENANT_ID'],
    },
  ),
  ENTRA_AUTHORITY: setting(origin.default('https://login.microsoftonline.com'), {
    description:
      'Entra’s sign-in host, without the tenant. Another one for national clouds and the local Entra.',
    example: 'https://login.microsoftonline.us',
    aliases: ['AUTHORITY', 'AZURE_AUTHORITY_HOST', 'AZURE_AUTHORITY'],
  }),
  ENTRA_AUDIENCES: setting(list(audience).optional(), {
    description: 'What `aud` may be, comma-separated: the API app’s id (v2 tokens) and its URI (v1 tokens).',
    example: '22222222-2222-4222-8222-222222222222,api://22222222-2222-4222-8222-222222222222',
    aliases: ['TOKEN_AUDIENCE', 'AUDIENCE', 'AUTH_AUDIENCE', 'ENTRA_AUDIENCE'],
  }),
  ENTRA_REQUIRED_SCOPES: setting(list(scopeName).default(['access_as_user']), {
    description: 'A user’s token needs one of these in `scp`. Empty: users are refused.',
    example: 'access_as_user',
    aliases: ['REQUIRED_SCOPES', 'AUTH_SCOPES', 'FASTMCP_SERVER_AUTH_AZURE_REQUIRED_SCOPES'],
  }),
  ENTRA_REQUIRED_APP_ROLES: setting(list(scopeName).default(['Mcp.Invoke']), {
    description: 'An application’s token needs one of these in `roles`. Empty: applications are refused.',
    example: 'Mcp.Invoke',
    aliases: ['REQUIRED_ROLES', 'APP_ROLES'],
  }),
  ENTRA_ALLOWED_TENANTS: setting(list(guidValue).default([]), {
    description: 'Tenants accepted beside ENTRA_TENANT_ID, comma-separated GUIDs.',
    example: '33333333-3333-4333-8333-333333333333',
    aliases: ['ALLOWED_TENANTS', 'AUTH_ALLOWED_TENANTS'],
  }),
  ENTRA_ALLOWED_CLIENT_IDS: setting(list(guidValue).default([]), {
    description: 'Client applications accepted (`azp`, `appid`), comma-separated GUIDs. Empty: every one.',
    example: 'aebc6443-996d-45c2-90f0-388ff96faa56',
    aliases: ['ALLOWED_CLIENT_IDS', 'ALLOWED_CLIENT_APPLICATIONS', 'WEBSITE_AUTH_AAD_ALLOWED_CLIENTS'],
  }),
  ALLOWED_ORIGINS: setting(list(origin).default([]), {
    description: 'Web origins whose pages may call this server, comma-separated. Its own is always allowed.',
    example: 'https://inspector.example.com',
    aliases: ['CORS_ORIGINS', 'CORS_ALLOWED_ORIGINS'],
  }),
  MAX_REQUEST_BYTES: setting(wholeNumber({ min: 1_024, max: 10_485_760, otherwise: 1_048_576 }), {
    description: 'Largest request body, bytes. 1,024 to 10,485,760.',
    example: '1048576',
    aliases: ['MAX_BODY_SIZE', 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'],
  }),
  MAX_CONCURRENT_REQUESTS: setting(wholeNumber({ min: 10, max: 10_000, otherwise: 200 }), {
    description:
      'Requests that an instance answers at once, half of them on public routes, a quarter of one caller; further ones are refused at once. 10 to 10,000.',
    example: '200',
  }),
  MCP_CALLS_PER_MINUTE: setting(wholeNumber({ min: 0, max: 1_000_000, otherwise: 1_200 }), {
    description:
      'Calls of `/mcp` that one caller may make in a minute, counted by each instance for itself. 0: any number.',
    example: '1200',
  }),
  TABLES_URL: setting(httpsUrl.optional(), {
    description:
      'Table endpoint of the storage account; read with the managed identity (or your own sign-in, locally).',
    example: 'https://stmcpabc.table.core.windows.net',
    aliases: ['AZURE_STORAGE_TABLE_ENDPOINT', 'TABLE_STORAGE_URL', 'AzureWebJobsStorage__tableServiceUri'],
  }),
  TABLES_CONNECTION_STRING: setting(connectionString.optional(), {
    description: 'Instead of TABLES_URL on a laptop: the connection string of Azurite.',
    example: 'UseDevelopmentStorage=true',
    aliases: ['AzureWebJobsStorage', 'AZURE_STORAGE_CONNECTION_STRING'],
  }),
  TABLE_PREFIX: setting(
    z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9]{0,30}$/, 'must be 1 to 31 letters and digits, beginning with a letter')
      .default('mcp'),
    {
      description: 'Beginning of every table’s name, so that several servers can share an account.',
      example: 'mcp',
    },
  ),
  OAUTH_PROXY: setting(z.enum(['on', 'off'], 'must be "on" or "off"').default('on'), {
    description:
      'off: no authorization server of our own; clients must get their tokens from Entra themselves.',
    example: 'on',
  }),
  ENTRA_CLIENT_ID: setting(guidValue.optional(), {
    description:
      'The app registration with which the proxy signs people in. Needed unless OAUTH_PROXY is off.',
    example: '55555555-5555-4555-8555-555555555555',
    aliases: ['CLIENT_ID', 'AZURE_AD_CLIENT_ID', 'FASTMCP_SERVER_AUTH_AZURE_CLIENT_ID'],
  }),
  ENTRA_CLIENT_CREDENTIAL: setting(
    z
      .enum(['managed-identity', 'secret'], 'must be "managed-identity" or "secret"')
      .default('managed-identity'),
    {
      description:
        'How the proxy proves itself to Entra: `managed-identity`, by a federated credential of it, or `secret`, the Key Vault’s `entra-client-secret`.',
      example: 'managed-identity',
    },
  ),
  KEY_VAULT_URL: setting(httpsUrl.optional(), {
    description: 'Key Vault with the keys of the proxy. Needed unless OAUTH_PROXY is off.',
    example: 'https://kv-mcp-abc.vault.azure.net',
    aliases: ['AZURE_KEY_VAULT_ENDPOINT', 'KEY_VAULT_ENDPOINT', 'KEY_VAULT_URI'],
  }),
  TOKEN_EXPIRY_SECONDS: setting(wholeNumber({ min: 60, max: 86_400, otherwise: 3_600 }), {
    description: 'Life of an access token of the proxy, seconds. 60 to 86,400.',
    example: '3600',
    aliases: ['ACCESS_TOKEN_TTL'],
  }),
  REFRESH_TOKEN_EXPIRY_SECONDS: setting(wholeNumber({ min: 3_600, max: 7_776_000, otherwise: 2_592_000 }), {
    description:
      'How long a client that is not used stays signed in, seconds. 3,600 to 7,776,000 (90 days, Entra’s own limit).',
    example: '2592000',
    aliases: ['REFRESH_TOKEN_TTL'],
  }),
  OAUTH_DCR: setting(z.enum(['on', 'off'], 'must be "on" or "off"').default('on'), {
    description: 'Dynamic Client Registration (RFC 7591).',
    example: 'on',
  }),
  OAUTH_CALLS_PER_MINUTE: setting(wholeNumber({ min: 0, max: 1_000_000, otherwise: 1_200 }), {
    description:
      'Calls of `/auth/token`, `/auth/revoke`, `/auth/consent`, `/auth/callback`, `/auth/login` and `/auth/logout` that one address may make in a minute, counted by each instance for itself. 0: any number.',
    example: '1200',
  }),
  OAUTH_CIMD: setting(z.enum(['on', 'off'], 'must be "on" or "off"').default('on'), {
    description: 'Client ID Metadata Documents.',
    example: 'on',
  }),
  OAUTH_ALLOWED_REDIRECT_URIS: setting(list(redirectUriPattern).default([]), {
    description:
      'Where clients may be sent back to, comma-separated; `*` at the end of a path stands for any ending, loopback ports are ignored. Empty: every safe URI.',
    example: 'https://claude.ai/api/mcp/auth_callback,http://localhost/callback',
    aliases: ['ALLOWED_CLIENT_REDIRECT_URIS'],
  }),
  OAUTH_PREREGISTERED_CLIENTS: setting(preregisteredClients.default([]), {
    description:
      'Clients that need not register: a JSON array of client metadata (RFC 7591 names). They are public, or use private_key_jwt.',
    example:
      '[{"client_id":"my-agent","client_name":"My agent","redirect_uris":["https://agent.example.com/callback"]}]',
  }),
  OAUTH_EXTRA_AUTHORIZE_PARAMS: setting(extraParameters.default({}), {
    description: 'Further parameters for Entra’s authorize endpoint, as a query string.',
    example: 'domain_hint=contoso.com',
  }),
  TRUSTED_PROXIES: setting(wholeNumber({ min: 0, max: 5, otherwise: 1 }), {
    description:
      'Front ends that append to X-Forwarded-For: 1 on Azure, 2 behind API Management. Decides whose address a rate limit counts.',
    example: '1',
  }),
  AZURE_CLIENT_ID: setting(guidValue.optional(), {
    description: 'Client id of the user-assigned managed identity.',
    example: '44444444-4444-4444-8444-444444444444',
    aliases: ['MANAGED_IDENTITY_CLIENT_ID'],
  }),
  BUILD_ID: setting(z.string().max(100, 'must be at most 100 characters').default('dev'), {
    description: 'What /healthz reports as its build; the pipeline sets the commit.',
    example: '3f2c1ab',
    aliases: ['GIT_SHA', 'BUILD_SHA', 'VERSION'],
  }),
  LOG_LEVEL: setting(z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'), {
    description: 'Least severe level that is logged: debug, info, warn or error.',
    example: 'info',
    aliases: ['LOGLEVEL', 'FASTMCP_LOG_LEVEL'],
  }),
  ...telemetrySettings,
});

export type EnvironmentValues = z.infer<typeof environmentSchema>;
export type SettingName = keyof EnvironmentValues;

/** What the schema says of a setting beside its rule. */
export function describeSetting(name: SettingName): SettingInfo {
  return environmentSchema.shape[name].meta() as unknown as SettingInfo;
}
