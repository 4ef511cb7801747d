import { describeFault, type ConfigFault } from './config/fault.ts';
import { checkTogether } from './config/rules.ts';
import { environmentSchema, type EnvironmentValues, type SettingName } from './config/settings.ts';
import { guid, type PreregisteredClient } from './config/values.ts';

/** Everything the server is configured with, by the part that needs it. Deeply frozen. */
export interface Config {
  readonly auth: { readonly required: boolean };
  readonly entra: {
    /** A GUID, or `organizations`, or `common`. */
    readonly tenantId: string;
    /** Without a trailing slash. */
    readonly authority: string;
    readonly audiences: readonly string[];
    readonly requiredScopes: readonly string[];
    readonly requiredAppRoles: readonly string[];
    /** Every accepted tenant, ENTRA_TENANT_ID included where it is a GUID. Never empty when auth is required. */
    readonly allowedTenants: readonly string[];
    /** Empty: every client. */
    readonly allowedClientIds: readonly string[];
  };
  readonly http: {
    /** An origin, without a trailing slash. */
    readonly publicBaseUrl: string;
    readonly allowedOrigins: readonly string[];
    readonly maxRequestBytes: number;
    readonly maxConcurrentRequests: number;
    /** Of one caller, for each instance; 0 for any number. */
    readonly callsPerMinute: number;
  };
  readonly tables: {
    readonly url?: string;
    readonly connectionString?: string;
    readonly prefix: string;
  };
  /** The authorization server in front of Entra; absent when OAUTH_PROXY is off or nobody has to sign in. */
  readonly oauth?: {
    /** Client id at Entra. */
    readonly clientId: string;
    readonly credential: EnvironmentValues['ENTRA_CLIENT_CREDENTIAL'];
    readonly keyVaultUrl: string;
    readonly accessTokenSeconds: number;
    /** How long a client may go unused before it must sign in again. */
    readonly refreshTokenSeconds: number;
    /** Empty: every safe one. */
    readonly allowedRedirectUris: readonly string[];
    readonly clients: readonly PreregisteredClient[];
    /** Dynamic Client Registration (RFC 7591). */
    readonly registration: boolean;
    /** Of one address at the token and the revocation endpoint, for each instance; 0 for any number. */
    readonly callsPerMinute: number;
    /** Client ID Metadata Documents. */
    readonly metadataDocuments: boolean;
    readonly extraAuthorizeParams: Readonly<Record<string, string>>;
    /** How many entries at the end of X-Forwarded-For are trusted. */
    readonly trustedProxies: number;
  };
  readonly identity: {
    /** Whether the platform offers a managed identity here. */
    readonly managedIdentity: boolean;
    /** Of a user-assigned one. */
    readonly clientId?: string;
  };
  readonly build: { readonly id: string };
  /** Where what happens is sent, beside the log. */
  readonly telemetry: {
    readonly otlp?: {
      /** Without a trailing slash. */
      readonly endpoint: string;
      /** As in OTEL_EXPORTER_OTLP_HEADERS. */
      readonly headers: string;
      readonly protocol: EnvironmentValues['OTEL_EXPORTER_OTLP_PROTOCOL'];
    };
    readonly azureMonitor?: {
      readonly connectionString: string;
      /** Whose token goes along: a managed identity’s, a user-assigned one's by its client id. Absent: no token. */
      readonly identity?: { readonly clientId?: string };
    };
    /** Part of the traces that is sent, 0 to 1. */
    readonly share: number;
  };
  readonly log: { readonly level: EnvironmentValues['LOG_LEVEL'] };
}

/** Every fault of the environment at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(faults.map((fault) => `${fault.name} ${fault.problem} (example: ${fault.example})`).join('; '));
    this.faults = faults;
  }
}

function toOAuth(values: EnvironmentValues): Pick<Config, 'oauth'> {
  if (values.OAUTH_PROXY === 'off' || !values.AUTH_REQUIRED) return {};
  return {
    oauth: {
      clientId: values.ENTRA_CLIENT_ID ?? '',
      credential: values.ENTRA_CLIENT_CREDENTIAL,
      keyVaultUrl: values.KEY_VAULT_URL ?? '',
      accessTokenSeconds: values.TOKEN_EXPIRY_SECONDS,
      refreshTokenSeconds: values.REFRESH_TOKEN_EXPIRY_SECONDS,
      allowedRedirectUris: values.OAUTH_ALLOWED_REDIRECT_URIS,
      clients: values.OAUTH_PREREGISTERED_CLIENTS,
      registration: values.OAUTH_DCR === 'on',
      callsPerMinute: values.OAUTH_CALLS_PER_MINUTE,
      metadataDocuments: values.OAUTH_CIMD === 'on',
      extraAuthorizeParams: values.OAUTH_EXTRA_AUTHORIZE_PARAMS,
      trustedProxies: values.TRUSTED_PROXIES,
    },
  };
}

function toAzureMonitor(values: EnvironmentValues): Pick<Config['telemetry'], 'azureMonitor'> {
  const {
    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: authentication,
  } = values;
  if (connectionString === undefined) return {};
  const clientId = /ClientId=([^;]+)/i.exec(authentication ?? '')?.[1];
  const identity = clientId === undefined ? {} : { clientId };
  return { azureMonitor: { connectionString, ...(authentication !== undefined && { identity }) } };
}

function toTelemetry(values: EnvironmentValues): Config['telemetry'] {
  const share = values.OTEL_TRACES_SAMPLER_ARG;
  if (values.OTEL_SDK_DISABLED) return { share };
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: headers,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  } = values;
  return {
    ...(endpoint !== undefined && { otlp: { endpoint, headers, protocol } }),
    ...toAzureMonitor(values),
    share,
  };
}

function toConfig(values: EnvironmentValues, environment: NodeJS.ProcessEnv): Config {
  const tenantId = values.ENTRA_TENANT_ID ?? '';
  const ownTenant = guid.test(tenantId) ? [tenantId] : [];
  return {
    auth: { required: values.AUTH_REQUIRED },
    entra: {
      tenantId,
      authority: values.ENTRA_AUTHORITY,
      audiences: values.ENTRA_AUDIENCES ?? [],
      requiredScopes: values.ENTRA_REQUIRED_SCOPES,
      requiredAppRoles: values.ENTRA_REQUIRED_APP_ROLES,
      allowedTenants: [...new Set([...ownTenant, ...values.ENTRA_ALLOWED_TENANTS])],
      allowedClientIds: values.ENTRA_ALLOWED_CLIENT_IDS,
    },
    http: {
      publicBaseUrl: values.PUBLIC_BASE_URL,
      allowedOrigins: values.ALLOWED_ORIGINS,
      maxRequestBytes: values.MAX_REQUEST_BYTES,
      maxConcurrentRequests: values.MAX_CONCURRENT_REQUESTS,
      callsPerMinute: values.MCP_CALLS_PER_MINUTE,
    },
    tables: {
      ...(values.TABLES_URL !== undefined && { url: values.TABLES_URL }),
      ...(values.TABLES_CONNECTION_STRING !== undefined && {
        connectionString: values.TABLES_CONNECTION_STRING,
      }),
      prefix: values.TABLE_PREFIX,
    },
    ...toOAuth(values),
    identity: {
      managedIdentity: Boolean(environment.IDENTITY_ENDPOINT),
      ...(values.AZURE_CLIENT_ID !== undefined && { clientId: values.AZURE_CLIENT_ID }),
    },
    build: { id: values.BUILD_ID },
    telemetry: toTelemetry(values),
    log: { level: values.LOG_LEVEL },
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  }
  return Object.freeze(value);
}

/**
 * Reads the environment. An empty value counts as absent, except where empty has a meaning of its own
 * (ENTRA_REQUIRED_SCOPES, ENTRA_REQUIRED_APP_ROLES).
 * @throws ConfigError naming every fault at once
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const meaningfulWhenEmpty: readonly SettingName[] = ['ENTRA_REQUIRED_SCOPES', 'ENTRA_REQUIRED_APP_ROLES'];
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape).flatMap((name) => {
      const value = environment[name]?.trim();
      const absent =
        value === undefined || (value === '' && !meaningfulWhenEmpty.includes(name as SettingName));
      return absent ? [] : [[name, value]];
    }),
  );
  const faults: ConfigFault[] = [];
  const valid: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(environmentSchema.shape)) {
    const parsed = schema.safeParse(given[name]);
    if (parsed.success) valid[name] = parsed.data;
    else {
      const problem =
        given[name] === undefined ? 'is missing' : (parsed.error.issues[0]?.message ?? 'is not valid');
      faults.push(describeFault(name as SettingName, problem));
    }
  }
  faults.push(...checkTogether(valid, given, environment));
  if (faults.length > 0) throw new ConfigError(faults);
  return deepFreeze(toConfig(valid as EnvironmentValues, environment));
}
