import { execFileSync } from 'node:child_process';
import {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  ChainedTokenCredential,
  type TokenCredential,
} from '@azure/identity';
import { Failure } from '../../dev/failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Who is signed in to azd, or to the Azure CLI. */
export function createDeployerCredential({ AZURE_TENANT_ID: tenantId }: Environment): TokenCredential {
  const options = tenantId ? { tenantId } : {};
  return new ChainedTokenCredential(
    new AzureDeveloperCliCredential(options),
    new AzureCliCredential(options),
  );
}

/** Values that azd gives to hooks: its environment's and the outputs of the template. Throws Failure naming all missing. */
export function requireValues<Name extends string>(
  environment: Environment,
  names: readonly Name[],
): Record<Name, string> {
  const missing = names.filter((name) => !environment[name]);
  if (missing.length > 0) throw new Failure(`azd gives no ${missing.join(', ')}: run azd provision first`);
  return Object.fromEntries(names.map((name) => [name, environment[name] ?? ''])) as Record<Name, string>;
}

/** The same outside of a hook: what the environment lacks, azd is asked for. */
export function askAzd(environment: Environment, names: readonly string[]): Environment {
  const known = { ...environment };
  for (const name of names.filter((candidate) => !known[candidate])) {
    try {
      known[name] = execFileSync('azd', ['env', 'get-value', name], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      // Stays missing, and is told with the others.
    }
  }
  return known;
}

/** Microsoft Graph of the cloud that a sign-in host belongs to. */
export function graphOf(authority: string | undefined): string {
  const hostname = URL.canParse(authority ?? '') ? new URL(authority ?? '').hostname : '';
  if (hostname.endsWith('.us')) return 'https://graph.microsoft.us';
  if (hostname.endsWith('.cn')) return 'https://microsoftgraph.chinacloudapi.cn';
  return 'https://graph.microsoft.com';
}
