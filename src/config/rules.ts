import { describeFault, type ConfigFault } from './fault.ts';
import type { EnvironmentValues } from './settings.ts';
import { isLoopback } from '../loopback.ts';
import { sharedTenants } from './values.ts';

/** What the environment gives, blanks and empty values left out. */
type Given = Readonly<Record<string, string | undefined>>;
type Values = Partial<EnvironmentValues>;

/** Names that Azure sets wherever it hosts Functions, and nothing sets on a laptop. */
const azureNames = [
  'WEBSITE_SITE_NAME',
  'WEBSITE_INSTANCE_ID',
  'WEBSITE_POD_NAME',
  'CONTAINER_APP_NAME',
] as const;

/** A token for Microsoft Graph says nothing about this server: whoever gets one could replay it here. */
const graphAudiences = ['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com'];

function isLocal(url: string | undefined): boolean {
  return url !== undefined && isLoopback(new URL(url));
}

function checkAuthentication(values: Values, inAzure: boolean): ConfigFault[] {
  if (values.AUTH_REQUIRED !== false) return [];
  const faults: ConfigFault[] = [];
  if (inAzure)
    faults.push(describeFault('AUTH_REQUIRED', 'must not be false in Azure: anyone could call this server'));
  else if (values.PUBLIC_BASE_URL !== undefined && !isLocal(values.PUBLIC_BASE_URL)) {
    faults.push(describeFault('AUTH_REQUIRED', 'must not be false unless PUBLIC_BASE_URL is this machine'));
  }
  return faults;
}

/** What only makes sense on a laptop, found in Azure. */
function checkAzure(values: Values, inAzure: boolean): ConfigFault[] {
  if (!inAzure) return [];
  const faults: ConfigFault[] = [];
  for (const name of ['PUBLIC_BASE_URL', 'ENTRA_AUTHORITY', 'KEY_VAULT_URL'] as const) {
    if (isLocal(values[name])) faults.push(describeFault(name, 'must not be this machine in Azure'));
  }
  if (values.TABLES_CONNECTION_STRING !== undefined) {
    faults.push(
      describeFault('TABLES_CONNECTION_STRING', 'is for laptops: in Azure give TABLES_URL, without a key'),
    );
  }
  return faults;
}

function checkTables(given: Given): ConfigFault[] {
  const ways = [given.TABLES_URL, given.TABLES_CONNECTION_STRING].filter((way) => way !== undefined);
  if (ways.length === 1) return [];
  const problem =
    ways.length === 0
      ? 'is missing (TABLES_CONNECTION_STRING does instead of it on a laptop)'
      : 'and TABLES_CONNECTION_STRING are both set: keep one';
  return [describeFault('TABLES_URL', problem)];
}

function checkEntra(values: Values, given: Given): ConfigFault[] {
  if (values.AUTH_REQUIRED === false) return [];
  const faults: ConfigFault[] = [];
  const { ENTRA_TENANT_ID: tenant, ENTRA_AUDIENCES: audiences } = values;
  if (given.ENTRA_TENANT_ID === undefined) faults.push(describeFault('ENTRA_TENANT_ID', 'is missing'));
  if (given.ENTRA_AUDIENCES === undefined || audiences?.length === 0) {
    faults.push(describeFault('ENTRA_AUDIENCES', 'is missing'));
  }
  if (audiences?.some((audience) => graphAudiences.includes(audience.toLowerCase()))) {
    faults.push(
      describeFault('ENTRA_AUDIENCES', 'must not name Microsoft Graph: its tokens are not for this server'),
    );
  }
  if (sharedTenants.some((shared) => shared === tenant) && values.ENTRA_ALLOWED_TENANTS?.length === 0) {
    faults.push(
      describeFault(
        'ENTRA_ALLOWED_TENANTS',
        `must list the accepted tenants when ENTRA_TENANT_ID is "${tenant ?? ''}"`,
      ),
    );
  }
  if (values.ENTRA_REQUIRED_SCOPES?.length === 0 && values.ENTRA_REQUIRED_APP_ROLES?.length === 0) {
    faults.push(
      describeFault(
        'ENTRA_REQUIRED_SCOPES',
        'and ENTRA_REQUIRED_APP_ROLES are both empty: nobody could call this server',
      ),
    );
  }
  return faults;
}

/** What the authorization server cannot do without. */
function checkOAuth(values: Values, given: Given): ConfigFault[] {
  if (values.AUTH_REQUIRED === false || values.OAUTH_PROXY === 'off') return [];
  const problem = 'is missing (or set OAUTH_PROXY=off)';
  const faults = (['ENTRA_CLIENT_ID', 'KEY_VAULT_URL'] as const)
    .filter((name) => given[name] === undefined)
    .map((name) => describeFault(name, problem));
  if (values.ENTRA_REQUIRED_SCOPES?.length === 0) {
    faults.push(describeFault('ENTRA_REQUIRED_SCOPES', 'must name a scope: the proxy signs users in'));
  }
  return faults;
}

/** The rules between settings, on whatever of them is valid by itself. */
export function checkTogether(values: Values, given: Given, environment: NodeJS.ProcessEnv): ConfigFault[] {
  const inAzure = azureNames.some((name) => environment[name]);
  return [
    ...checkAuthentication(values, inAzure),
    ...checkAzure(values, inAzure),
    ...checkTables(given),
    ...checkEntra(values, given),
    ...checkOAuth(values, given),
  ];
}
