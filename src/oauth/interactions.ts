import { randomBytes } from 'node:crypto';
import type { Interaction } from 'oidc-provider';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { readHints } from './authorization-request.ts';
import type { SignInHints, UpstreamTokens } from './entra-client.ts';
import { findFailure, type ProviderSource, type RunningProvider } from './provider-source.ts';
import type { OAuthStores } from './stores.ts';

/** A client's authorization request that was found in order and waits for the person. */
export interface SignInRequest {
  /** Names the request towards `approve` and `refuse`. Not a secret by itself. */
  readonly id: string;
  readonly client: {
    readonly id: string;
    readonly name?: string;
    /**
     * How this server knows the client: it registered, its id is its document's URL, the operator listed it, or it is
     * this server's own page.
     */
    readonly kind: 'registered' | 'document' | 'listed' | 'own';
  };
  readonly redirectUri: string;
  /** Short names. */
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
}

/** Why a sign-in ends without a code, in RFC 6749's words (section 4.1.2.1). */
export type SignInError = 'access_denied' | 'temporarily_unavailable' | 'server_error';

/** For the client: an error and a sentence. */
export interface SignInEnding {
  readonly error: SignInError;
  readonly description: string;
}

/** What the person's part of a sign-in asks of the authorization server, for whoever asks from this address. */
export interface Interactions {
  /** Undefined when there is no such request, it has ended or was completed. */
  findRequest(id: string, address: string): Promise<SignInRequest | undefined>;
  /**
   * Completes the request for the person who signed in: the redirect to the client with a code. Of several that try,
   * with `refuse` or this, one does.
   * @throws AppError `sign_in_expired`
   */
  approve(id: string, tokens: UpstreamTokens, address: string): Promise<Response>;
  /** Ends the request: the redirect to the client with an error. @throws AppError `sign_in_expired` */
  refuse(id: string, ending: SignInEnding, address: string): Promise<Response>;
}

const paramsSchema = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  scope: z.string(),
});

export interface InteractionsOptions {
  readonly publicBaseUrl: string;
  readonly resource: string;
  readonly accounts: Pick<Accounts, 'link'>;
  readonly requests: Pick<OAuthStores['requests'], 'take'>;
  readonly grants: Pick<OAuthStores['grants'], 'remove'>;
  /** Client ids of the operator's list. */
  readonly listedClients: readonly string[];
  readonly ownClient: string;
}

function nameAccount({ tenantId, objectId }: Account): string {
  return `${tenantId}.${objectId}`;
}

/** The library wraps what keeps a metadata document from being fetched. */
async function findClient({ provider, run }: RunningProvider, clientId: string, address: string) {
  try {
    return await run(address, () => provider.Client.find(clientId));
  } catch (error) {
    throw findFailure(error) ?? error;
  }
}

interface Loaded {
  readonly running: RunningProvider;
  readonly interaction: Interaction;
}

async function load(source: ProviderSource, id: string): Promise<Loaded> {
  const running = await source.current();
  const interaction = await running.provider.Interaction.find(id);
  if (interaction === undefined) throw new AppError('sign_in_expired');
  return { running, interaction };
}

/**
 * In process, with the cookie that a browser would have had: the library's own never leave it. Whoever takes the request
 * goes on, under an id that nobody else knows: the library reads back what it is to act on, and that must not be what
 * another browser has put there meanwhile.
 */
async function resume(
  { running, interaction }: Loaded,
  { publicBaseUrl, requests }: InteractionsOptions,
  address: string,
): Promise<Response> {
  if ((await requests.take(interaction.uid)) === undefined) throw new AppError('sign_in_expired');
  interaction.uid = randomBytes(32).toString('base64url');
  await interaction.persist();
  const url = new URL(`/auth/authorize/${interaction.uid}`, publicBaseUrl);
  const cookies = { [running.provider.cookieName('resume')]: interaction.uid };
  const response = await running.call(address, new Request(url), '', cookies);
  // Whatever else the library says here, the request is not there any more.
  if (response.headers.has('location')) return response;
  throw new AppError('sign_in_expired', { detail: `resumed with ${response.status}` });
}

/** A grant of its own for every sign-in, so that ending one leaves a client's other devices signed in. */
async function grant(
  { running: { provider }, interaction }: Loaded,
  { account, ...others }: UpstreamTokens,
  { accounts, resource }: InteractionsOptions,
): Promise<string> {
  const { client_id: clientId, scope } = paramsSchema.parse(interaction.params);
  const fresh = new provider.Grant({ accountId: nameAccount(account), clientId });
  fresh.addResourceScope(resource, scope);
  const grantId = await fresh.save();
  await accounts.link(grantId, { account, ...others });
  return grantId;
}

function kindOf(clientId: string, options: InteractionsOptions): SignInRequest['client']['kind'] {
  if (clientId === options.ownClient) return 'own';
  if (options.listedClients.includes(clientId)) return 'listed';
  return clientId.startsWith('https://') ? 'document' : 'registered';
}

/** Sign-ins over oidc-provider's interactions. */
export function createInteractions(source: ProviderSource, options: InteractionsOptions): Interactions {
  return {
    async findRequest(id, address) {
      const running = await source.current();
      const interaction = await running.provider.Interaction.find(id);
      if (interaction === undefined) return undefined;
      const { client_id, redirect_uri, scope } = paramsSchema.parse(interaction.params);
      const client = await findClient(running, client_id, address);
      if (client === undefined) return undefined;
      const { clientId, clientName: name } = client;
      return {
        id,
        client: { id: clientId, ...(name !== undefined && { name }), kind: kindOf(clientId, options) },
        redirectUri: redirect_uri,
        scopes: scope.split(' '),
        hints: readHints(interaction.params),
      };
    },
    async approve(id, tokens, address) {
      const loaded = await load(source, id);
      const grantId = await grant(loaded, tokens, options);
      loaded.interaction.result = {
        login: { accountId: nameAccount(tokens.account), remember: false },
        consent: { grantId },
      };
      try {
        return await resume(loaded, options, address);
      } catch (error) {
        // Nobody got anything under it.
        await options.grants.remove(grantId);
        throw error;
      }
    },
    async refuse(id, { error, description }, address) {
      const loaded = await load(source, id);
      loaded.interaction.result = { error, error_description: description };
      return resume(loaded, options, address);
    },
  };
}
