import { environmentSchema, settings, type EnvironmentValues, type SettingName } from './config/settings.ts';
import { guid, sharedTenants } from './config/values.ts';

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
  };
  readonly tables: {
    readonly url?: string;
    readonly connectionString?: string;
    readonly prefix: string;
  };
  readonly identity: {
    /** Whether the platform offers a managed identity here. */
    readonly managedIdentity: boolean;
    /** Of a user-assigned one. */
    readonly clientId?: string;
  };
  readonly build: { readonly id: string };
  readonly log: { readonly level: EnvironmentValues['LOG_LEVEL'] };
}

/** One thing wrong with the environment. Never holds the value: it could be a secret in the wrong place. */
export interface ConfigFault {
  readonly name: string;
  readonly problem: string;
  readonly example: string;
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

function fault(name: SettingName, problem: string): ConfigFault {
  const example = settings.find((candidate) => candidate.name === name)?.example ?? '';
  return { name, problem, example };
}

/** Names that Azure sets wherever it hosts Functions, and nothing sets on a laptop. */
const azureNames = [
  'WEBSITE_SITE_NAME',
  'WEBSITE_INSTANCE_ID',
  'WEBSITE_POD_NAME',
  'CONTAINER_APP_NAME',
] as const;

function runsInAzure(environment: NodeJS.ProcessEnv): boolean {
  return azureNames.some((name) => environment[name]);
}

/** Rules between settings, on whatever of them is valid by itself. */
function crossFaults(values: Partial<EnvironmentValues>, environment: NodeJS.ProcessEnv): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (values.AUTH_REQUIRED === false && runsInAzure(environment)) {
    faults.push(fault('AUTH_REQUIRED', 'must not be false in Azure: anyone could call this server'));
  }
  if (environment.TABLES_URL && environment.TABLES_CONNECTION_STRING) {
    faults.push(fault('TABLES_URL', 'and TABLES_CONNECTION_STRING are both set: keep one'));
  }
  if (!environment.TABLES_URL && !environment.TABLES_CONNECTION_STRING) {
    faults.push(fault('TABLES_URL', 'is missing (TABLES_CONNECTION_STRING does instead of it on a laptop)'));
  }
  if (values.AUTH_REQUIRED !== false) faults.push(...entraFaults(values, environment));
  return faults;
}

function entraFaults(values: Partial<EnvironmentValues>, environment: NodeJS.ProcessEnv): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (!environment.ENTRA_TENANT_ID) faults.push(fault('ENTRA_TENANT_ID', 'is missing'));
  if (!environment.ENTRA_AUDIENCES || values.ENTRA_AUDIENCES?.length === 0) {
    faults.push(fault('ENTRA_AUDIENCES', 'is missing'));
  }
  const shared = sharedTenants.some((tenant) => tenant === values.ENTRA_TENANT_ID);
  if (shared && values.ENTRA_ALLOWED_TENANTS?.length === 0) {
    faults.push(
      fault(
        'ENTRA_ALLOWED_TENANTS',
        `must list the accepted tenants when ENTRA_TENANT_ID is "${values.ENTRA_TENANT_ID}"`,
      ),
    );
  }
  if (values.ENTRA_REQUIRED_SCOPES?.length === 0 && values.ENTRA_REQUIRED_APP_ROLES?.length === 0) {
    faults.push(
      fault(
        'ENTRA_REQUIRED_SCOPES',
        'and ENTRA_REQUIRED_APP_ROLES are both empty: nobody could call this server',
      ),
    );
  }
  return faults;
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
    },
    tables: {
      ...(values.TABLES_URL !== undefined && { url: values.TABLES_URL }),
      ...(values.TABLES_CONNECTION_STRING !== undefined && {
        connectionString: values.TABLES_CONNECTION_STRING,
      }),
      prefix: values.TABLE_PREFIX,
    },
    identity: {
      managedIdentity: Boolean(environment.IDENTITY_ENDPOINT),
      ...(values.AZURE_CLIENT_ID !== undefined && { clientId: values.AZURE_CLIENT_ID }),
    },
    build: { id: values.BUILD_ID },
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
      faults.push(fault(name as SettingName, problem));
    }
  }
  faults.push(...crossFaults(valid, environment));
  if (faults.length > 0) throw new ConfigError(faults);
  return deepFreeze(toConfig(valid as EnvironmentValues, environment));
}
