import { ClientSecretPost, type ClientAuth } from 'oauth4webapi';
import { secureUrl } from '../../src/config/values.ts';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { Failure } from '../../dev/failure.ts';
import { readStackFile } from '../../dev/stack-file.ts';
import { chooseCredential, credentialNames, dropBlanks, hasCredential } from './smoke-credential.ts';

/** What the smoke test talks to, and as whom. */
export interface SmokeTarget {
  readonly mcpUrl: string;
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** Application ID URI of the server's registration. */
  readonly appIdUri: string;
  readonly authenticate: ClientAuth;
  /** PEM text of a certificate to trust beside those of the system. */
  readonly certificate?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const required = ['MCP_URL', 'ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'SERVER_APP_ID_URI'] as const;

function readUrl(name: string, value: string): string {
  const parsed = secureUrl.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
}

function targetLocalStack(environment: Environment): SmokeTarget {
  const { mcpUrl, authority, certificate } = readStackFile(environment);
  return {
    mcpUrl,
    authority,
    tenantId: homeTenant.id,
    clientId: apps.smoke.id,
    appIdUri: apps.api.api.identifierUri,
    authenticate: ClientSecretPost(apps.smoke.secret),
    ...(certificate !== undefined && { certificate }),
  };
}

/**
 * The local stack when nothing is configured, otherwise the deployment that the environment names.
 * Throws Failure listing every variable that is missing.
 */
export async function readSmokeTarget(variables: Environment): Promise<SmokeTarget> {
  const environment = dropBlanks(variables);
  const given = [...required, ...credentialNames].filter((name) => environment[name] !== undefined);
  if (given.length === 0) return targetLocalStack(environment);

  const missing: string[] = required.filter((name) => environment[name] === undefined);
  if (!hasCredential(environment)) {
    missing.push('ENTRA_CLIENT_SECRET (or ENTRA_CLIENT_ASSERTION, or GitHub’s OIDC token)');
  }
  if (missing.length > 0) throw new Failure(`${given.join(', ')} set, but missing: ${missing.join(', ')}`);
  const { MCP_URL = '', ENTRA_TENANT_ID = '', ENTRA_CLIENT_ID = '', SERVER_APP_ID_URI = '' } = environment;
  return {
    mcpUrl: readUrl('MCP_URL', MCP_URL),
    authority: readUrl('ENTRA_AUTHORITY', environment.ENTRA_AUTHORITY ?? 'https://login.microsoftonline.com'),
    tenantId: ENTRA_TENANT_ID,
    clientId: ENTRA_CLIENT_ID,
    appIdUri: SERVER_APP_ID_URI,
    authenticate: await chooseCredential(environment),
  };
}
