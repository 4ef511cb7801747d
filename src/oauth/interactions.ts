import { randomBytes } from 'node:crypto';
import type { Interaction } from 'oidc-provider';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Accounts } from './accounts.ts';
import { readHints } from './authorization-request.ts';
import type { ClientKind, KindOf } from './client-kinds.ts';
import type { SignInHints, UpstreamTokens } from './entra-client.ts';
import type { Exchanges } from './exchange.ts';
import { nameHolder } from './holder.ts';
import { findFailure, type ProviderSource, type RunningProvider } from './provider-source.ts';
import type { OAuthStores } from './stores.ts';

/** A client's authorization request that was found in order and waits for the person. */
export interface SignInRequest {
  /** Names the request towards `approve` and `refuse`. Not a secret by itself. */
  readonly id: string;
  readonly client: {
    readonly id: string;
    readonly name?: string;
    readonly kind: ClientKind;
  };
  readonly redirectUri: string;
  /** Short names. */
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
}

/** Why a sign-in ends without a code, in RFC 6749's words (section 4.1.2.1). */
export const signInErrors = ['access_denied', 'temporarily_unavailable', 'server_error'] as const;
export type SignInError = (typeof signInErrors)[number];

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
  approve(id: string, tokens: UpstreamTokens, address: string): Promise<EndedRequest>;
  /** Ends the request: the redirect to the client with an error. @throws AppError `sign_in_expired` */
  refuse(id: string, ending: SignInEnding, address: string): Promise<EndedRequest>;
}

export interface EndedRequest {
  readonly response: Response;
  readonly clientId: string;
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
  readonly exchanges: Exchanges;
  readonly kindOf: KindOf;
}

/** The library wraps what keeps a metadata document from being fetched. */
async function findClient({ provider }: RunningProvider, clientId: string) {
  try {
    return await provider.Client.find(clientId);
  } catch (error) {
    throw findFailure(error) ?? error;
  }
}

interface Loaded {
  readonly running: RunningProvider;
  readonly interaction: Interaction;
}

async function find(source: ProviderSource, id: string): Promise<Loaded | undefined> {
  const running = await source.current();
  const interaction = await running.provider.Interaction.find(id);
  return interaction && { running, interaction };
}

async function load(source: ProviderSource, id: string): Promise<Loaded> {
  const loaded = await find(source, id);
  if (loaded === undefined) throw new AppError('sign_in_expired');
  return loaded;
}

/**
 * In process, with the cookie that a browser would have had: the library's own never leave it. Whoever takes the request
 * goes on, under an id that nobody else knows: the library reads back what it is to act on, and that must not be what
 * another browser has put there meanwhile.
 */
async function resume(
  { running, interaction }: Loaded,
  { publicBaseUrl, requests }: InteractionsOptions,
): Promise<EndedRequest> {
  const { client_id: clientId } = paramsSchema.parse(interaction.params);
  if ((await requests.take(interaction.uid)) === undefined) throw new AppError('sign_in_expired');
  interaction.uid = randomBytes(32).toString('base64url');
  await interaction.persist();
  const url = new URL(`/auth/authorize/${interaction.uid}`, publicBaseUrl);
  const cookies = { [running.provider.cookieName('resume')]: interaction.uid };
  const response = await running.call(new Request(url), '', cookies);
  // Whatever else the library says here, the request is not there any more.
  if (response.headers.has('location')) return { response, clientId };
  throw new AppError('sign_in_expired', { detail: `resumed with ${response.status}` });
}

/** A grant of its own for every sign-in, so that ending one leaves a client's other devices signed in. */
async function grant(
  { running: { provider }, interaction }: Loaded,
  { account, ...others }: UpstreamTokens,
  { accounts, resource }: InteractionsOptions,
): Promise<string> {
  const { client_id: clientId, scope } = paramsSchema.parse(interaction.params);
  const fresh = new provider.Grant({ accountId: nameHolder(account), clientId });
  fresh.addResourceScope(resource, scope);
  const grantId = await fresh.save();
  await accounts.link(grantId, { account, ...others });
  return grantId;
}

/** Sign-ins over oidc-provider's interactions. */
export function createInteractions(source: ProviderSource, options: InteractionsOptions): Interactions {
  const { exchanges, grants, kindOf } = options;

  async function findRequest(id: string): Promise<SignInRequest | undefined> {
    const loaded = await find(source, id);
    if (loaded === undefined) return undefined;
    const { params } = loaded.interaction;
    const { client_id, redirect_uri, scope } = paramsSchema.parse(params);
    const client = await findClient(loaded.running, client_id);
    if (client === undefined) return undefined;
    const { clientId, clientName: name } = client;
    return {
      id,
      client: { id: clientId, ...(name !== undefined && { name }), kind: kindOf(clientId) },
      redirectUri: redirect_uri,
      scopes: scope.split(' '),
      hints: readHints(params),
    };
  }

  async function approve(id: string, tokens: UpstreamTokens): Promise<EndedRequest> {
    const loaded = await load(source, id);
    const grantId = await grant(loaded, tokens, options);
    loaded.interaction.result = {
      login: { accountId: nameHolder(tokens.account), remember: false },
      consent: { grantId },
    };
    try {
      return await resume(loaded, options);
    } catch (error) {
      // Nobody got anything under it.
      await grants.remove(grantId);
      throw error;
    }
  }

  async function refuse(id: string, { error, description }: SignInEnding): Promise<EndedRequest> {
    const loaded = await load(source, id);
    loaded.interaction.result = { error, error_description: description };
    return resume(loaded, options);
  }

  return {
    findRequest: (id, address) => exchanges.run(address, () => findRequest(id)),
    approve: (id, tokens, address) => exchanges.run(address, () => approve(id, tokens)),
    refuse: (id, ending, address) => exchanges.run(address, () => refuse(id, ending)),
  };
}
