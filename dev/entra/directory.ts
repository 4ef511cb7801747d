/**
 * What the local Entra knows: two tenants, three people and the app registrations of this project.
 *
 * Every id is made up and looks it, except the two that Microsoft publishes for everyone: Microsoft Graph and
 * Visual Studio Code. Passwords and secrets guard nothing: the server listens on 127.0.0.1 only.
 */
export interface Tenant {
  readonly id: string;
  readonly name: string;
}

export interface User {
  /** `oid`: the same for every application. */
  readonly oid: string;
  readonly tenantId: string;
  /** User principal name. */
  readonly username: string;
  readonly name: string;
  readonly password: string;
  /** App roles assigned on the APIs below. */
  readonly assignedRoles: readonly string[];
}

export type TokenVersion = '1.0' | '2.0';

/** The part of an app registration that other applications ask tokens for ("Expose an API"). */
export interface Api {
  readonly identifierUri: string;
  /** `api.requestedAccessTokenVersion` of the manifest. */
  readonly tokenVersion: TokenVersion;
  readonly scopes: readonly string[];
  readonly appRoles: readonly string[];
}

export interface Application {
  /** `appId`, the client id. */
  readonly id: string;
  readonly name: string;
  /** Object id of the service principal by tenant; a tenant without one does not know the application. */
  readonly servicePrincipals: Readonly<Record<string, string>>;
  /** Absent for a public client. */
  readonly secret?: string;
  /** The port of a loopback address is ignored (RFC 8252 section 7.3). */
  readonly redirectUris: readonly string[];
  readonly assignedRoles: readonly string[];
  readonly api?: Api;
}

export const tenants = {
  contoso: { id: '11111111-1111-4111-8111-111111111111', name: 'Contoso' },
  fabrikam: { id: '22222222-2222-4222-8222-222222222222', name: 'Fabrikam' },
} as const satisfies Record<string, Tenant>;

/** The tenant in which the applications are registered. */
export const homeTenant = tenants.contoso;

export const users = {
  alice: {
    oid: 'a11ce000-0000-4000-8000-000000000001',
    tenantId: tenants.contoso.id,
    username: 'alice@contoso.example',
    name: 'Alice Archer',
    password: 'local-password-alice',
    assignedRoles: [],
  },
  /** Has the app role as a person, so a token of his carries `scp` and `roles`. */
  bob: {
    oid: 'b0b00000-0000-4000-8000-000000000002',
    tenantId: tenants.contoso.id,
    username: 'bob@contoso.example',
    name: 'Bob Baker',
    password: 'local-password-bob',
    assignedRoles: ['Mcp.Invoke'],
  },
  carol: {
    oid: 'ca201000-0000-4000-8000-000000000003',
    tenantId: tenants.fabrikam.id,
    username: 'carol@fabrikam.example',
    name: 'Carol Clark',
    password: 'local-password-carol',
    assignedRoles: [],
  },
} as const satisfies Record<string, User>;

const inBothTenants = (number: string) => ({
  [tenants.contoso.id]: `5e100000-0000-4000-8000-0000000000${number}`,
  [tenants.fabrikam.id]: `5e200000-0000-4000-8000-0000000000${number}`,
});

const loopbackRedirectUris = ['localhost', '127.0.0.1'].flatMap((host) =>
  ['', '/', '/callback'].map((path) => `http://${host}${path}`),
);

export const apps = {
  api: {
    id: 'a9900000-0000-4000-8000-000000000001',
    name: 'MCP server',
    servicePrincipals: inBothTenants('01'),
    redirectUris: [],
    assignedRoles: [],
    api: {
      identifierUri: `api://${homeTenant.id}/mcp-server`,
      tokenVersion: '2.0',
      scopes: ['access_as_user'],
      appRoles: ['Mcp.Invoke'],
    },
  },
  /** The same API as registered by somebody who left the token version at its default. */
  apiV1: {
    id: 'a9900000-0000-4000-8000-000000000002',
    name: 'MCP server (v1 tokens)',
    servicePrincipals: inBothTenants('02'),
    redirectUris: [],
    assignedRoles: [],
    api: {
      identifierUri: `api://${homeTenant.id}/mcp-server-v1`,
      tokenVersion: '1.0',
      scopes: ['access_as_user'],
      appRoles: ['Mcp.Invoke'],
    },
  },
  /** The OAuth proxy; `proxyRedirectUris` of `startLocalEntra` replaces its redirect URIs. */
  proxy: {
    id: 'a9900000-0000-4000-8000-000000000003',
    name: 'MCP OAuth proxy',
    servicePrincipals: inBothTenants('03'),
    secret: 'local-secret-proxy',
    redirectUris: ['http://127.0.0.1/auth/callback', 'http://localhost/auth/callback'],
    assignedRoles: [],
  },
  /** The smoke test: a daemon with the app role. */
  smoke: {
    id: 'a9900000-0000-4000-8000-000000000004',
    name: 'Smoke test',
    servicePrincipals: inBothTenants('04'),
    secret: 'local-secret-smoke',
    redirectUris: [],
    assignedRoles: ['Mcp.Invoke'],
  },
  /** A daemon that nobody gave the app role; known in Contoso only. */
  daemon: {
    id: 'a9900000-0000-4000-8000-000000000005',
    name: 'Daemon without role',
    servicePrincipals: { [tenants.contoso.id]: '5e100000-0000-4000-8000-000000000005' },
    secret: 'local-secret-daemon',
    redirectUris: [],
    assignedRoles: [],
  },
  /** A developer's own sign-in; the one application that may use the password grant. */
  native: {
    id: 'a9900000-0000-4000-8000-000000000006',
    name: 'Developer sign-in',
    servicePrincipals: inBothTenants('06'),
    redirectUris: loopbackRedirectUris,
    assignedRoles: [],
  },
  vscode: {
    id: 'aebc6443-996d-45c2-90f0-388ff96faa56',
    name: 'Visual Studio Code',
    servicePrincipals: inBothTenants('07'),
    redirectUris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect', ...loopbackRedirectUris],
    assignedRoles: [],
  },
  graph: {
    id: '00000003-0000-0000-c000-000000000000',
    name: 'Microsoft Graph',
    servicePrincipals: inBothTenants('08'),
    redirectUris: [],
    assignedRoles: [],
    api: {
      identifierUri: 'https://graph.microsoft.com',
      tokenVersion: '1.0',
      scopes: ['User.Read'],
      appRoles: [],
    },
  },
} as const satisfies Record<string, Application>;

/** An application that exposes an API. */
export type Resource = Application & { readonly api: Api };

const applications: readonly Application[] = Object.values(apps);

export const resources: readonly Resource[] = [apps.api, apps.apiV1, apps.graph];

export function findApplication(id: string | undefined): Application | undefined {
  return applications.find((app) => app.id === id);
}

/** The applications that sign people or themselves in. */
export const clients = applications.filter((app) => app.secret !== undefined || app.redirectUris.length > 0);

export function findUser(property: 'oid' | 'username', value: string | undefined): User | undefined {
  const all: readonly User[] = Object.values(users);
  return all.find((user) => user[property].toLowerCase() === value?.toLowerCase());
}
