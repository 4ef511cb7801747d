import { ClientSecretPost, type ClientAuth } from 'oauth4webapi';
import * as z from 'zod';
import { Failure } from '../../dev/failure.ts';
import { presentAssertion } from './request-token.ts';
import { reach } from './unreachable.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that hold a credential of the application. */
export const credentialNames = ['ENTRA_CLIENT_SECRET', 'ENTRA_CLIENT_ASSERTION'] as const;

const gitHubSchema = z.object({ value: z.string() });

/** The variables that say something: a blank one counts as not set. */
export function dropBlanks(variables: Environment): Environment {
  return Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
}

/** Whether the surroundings bring a credential for the application: one of their own, or GitHub's to ask for. */
export function hasCredential(variables: Environment): boolean {
  const environment = dropBlanks(variables);
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = environment;
  return (
    credentialNames.some((name) => environment[name] !== undefined) ||
    (url !== undefined && token !== undefined)
  );
}

/** GitHub's OpenID Connect token of the running workflow, for the audience that Entra's federation expects. */
async function requestGitHubToken(environment: Environment): Promise<string> {
  const url = new URL(environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '');
  url.searchParams.set('audience', 'api://AzureADTokenExchange');
  const response = await reach(url, {
    headers: { Authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}` },
    signal: AbortSignal.timeout(30_000),
  });
  const { data } = gitHubSchema.safeParse(await response.json().catch(() => undefined));
  if (response.ok && data !== undefined) return data.value;
  throw new Failure(
    `GitHub gave no OIDC token (${response.status}): the job needs "permissions: id-token: write"`,
  );
}

/** How the application shows who it is; only where `hasCredential`. Throws Failure where GitHub gives no token. */
export async function chooseCredential(variables: Environment): Promise<ClientAuth> {
  const environment = dropBlanks(variables);
  const { ENTRA_CLIENT_SECRET, ENTRA_CLIENT_ASSERTION } = environment;
  if (ENTRA_CLIENT_SECRET !== undefined) return ClientSecretPost(ENTRA_CLIENT_SECRET);
  return presentAssertion(ENTRA_CLIENT_ASSERTION ?? (await requestGitHubToken(environment)));
}
