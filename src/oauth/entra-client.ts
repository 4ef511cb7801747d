import { getValidatedIdTokenClaims, type TokenEndpointResponse } from 'oauth4webapi';
import type { Principal } from '../auth/principal.ts';
import { v2Issuer } from '../auth/entra-claims.ts';
import { qualifyScopes } from '../auth/scopes.ts';
import type { Config } from '../config.ts';
import { withDeadline } from '../deadline.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { askUnseen } from '../telemetry/observe.ts';
import type { Ask } from '../telemetry/telemetry.ts';
import { toAccount, type Account } from './account.ts';
import type { ClientCredential } from './client-authentication.ts';
import { UpstreamRefusal } from './entra-failure.ts';
import { describeEntra } from './entra-metadata.ts';
import { createEntraRequests, type EntraRegistration } from './entra-requests.ts';

export { UpstreamRefusal };

/** What Entra gave for a sign-in or a renewal. */
export interface UpstreamTokens {
  readonly account: Account;
  readonly refreshToken: string;
}

/** Parameters of the client's authorization request that Entra understands too. */
export interface SignInHints {
  /** One value or several, separated by blanks. */
  readonly prompt?: string;
  readonly login_hint?: string;
  readonly domain_hint?: string;
}

/** The proxy as a confidential client of Entra. */
export interface EntraClient {
  /** Where the browser signs in. */
  authorizeUrl(request: {
    readonly state: string;
    readonly nonce: string;
    readonly codeChallenge: string;
    readonly hints: SignInHints;
  }): URL;
  /**
   * Redeems what Entra's redirect to the callback carried.
   * @throws UpstreamRefusal, AppError `entra_unavailable`, `entra_refused_server`, what the credential throws, and what
   *   the verification of the access token throws (`wrong_tenant`, `missing_scope`, …)
   */
  redeem(
    callback: URLSearchParams,
    expected: { readonly state: string; readonly nonce: string; readonly codeVerifier: string },
  ): Promise<UpstreamTokens>;
  /** @throws as `redeem`; UpstreamRefusal `invalid_grant` when the account or its session has ended */
  refresh(refreshToken: string): Promise<UpstreamTokens>;
}

/** Deadline of a question to Entra, the verification of its answer included, unless told otherwise, milliseconds. */
export const entraDeadlineMs = 10_000;

export interface EntraClientOptions {
  readonly entra: Config['entra'];
  readonly oauth: Pick<NonNullable<Config['oauth']>, 'clientId' | 'extraAuthorizeParams'>;
  readonly publicBaseUrl: string;
  readonly credential: ClientCredential;
  /** The principal of an access token from Entra for this API, whichever client application it was issued to. */
  readonly verify: (token: string) => Promise<Principal>;
  /** Deadline of `redeem` and of `refresh`, everything included, milliseconds. */
  readonly timeoutMs?: number;
  readonly ask?: Ask | undefined;
}

/**
 * What is passed on, the one that asks most of the person first: Entra takes a single value (AADSTS90023). `consent` is
 * answered by this server's own page; at Entra it would ask for an administrator wherever people may not consent, and
 * clients send it out of habit, to get refresh tokens.
 */
const prompts = ['login', 'select_account'];

function toEntraHints({ prompt, ...hints }: SignInHints): SignInHints {
  const asked = prompt?.split(' ') ?? [];
  const strictest = prompts.find((value) => asked.includes(value));
  return { ...hints, ...(strictest !== undefined && { prompt: strictest }) };
}

/** Of what Entra itself has just given: its keys cannot be had, or not yet that one, which is asked for at intervals. */
const withoutKey: readonly ErrorCode[] = ['signing_keys_unavailable', 'unknown_signing_key'];

/** The token says who signed in; where its key cannot be had, Entra has not answered yet. */
async function verifyUser(verify: EntraClientOptions['verify'], token: string): Promise<Account> {
  try {
    const principal = await verify(token);
    if (principal.kind !== 'user') throw new AppError('invalid_claims', { detail: 'not a user' });
    return toAccount(principal);
  } catch (error) {
    if (!(error instanceof AppError) || !withoutKey.includes(error.code)) throw error;
    throw new AppError('entra_unavailable', { cause: error });
  }
}

function toLowerCase(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

/** ID token and access token came together, so they must be about the same person. */
function checkIdToken(response: TokenEndpointResponse, { tenantId, objectId }: Account): void {
  const claims = getValidatedIdTokenClaims(response);
  if (toLowerCase(claims?.tid) !== tenantId || toLowerCase(claims?.oid) !== objectId)
    throw new UpstreamRefusal('access_denied', 'id token of another account');
}

/** Without a scope Entra issues a token for the application itself, or none (AADSTS28003, AADSTS90009). */
function describeClient({ entra, oauth, publicBaseUrl }: EntraClientOptions): EntraRegistration {
  return {
    clientId: oauth.clientId,
    redirectUri: `${publicBaseUrl}/auth/callback`,
    scope: [...qualifyScopes(entra), 'openid', 'profile', 'offline_access'].join(' '),
  };
}

function buildAuthorizeUrl(
  { entra, oauth }: EntraClientOptions,
  { clientId, redirectUri, scope }: EntraRegistration,
  { state, nonce, codeChallenge, hints }: Parameters<EntraClient['authorizeUrl']>[0],
): URL {
  const url = new URL(describeEntra(entra).authorization_endpoint);
  const parameters: Readonly<Record<string, string>> = {
    ...toEntraHints(hints),
    // The operator's word counts for more than the client's.
    ...oauth.extraAuthorizeParams,
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    response_mode: 'query',
    scope,
    state,
    nonce,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Signs people in at Entra as the configured client, for the required scopes of this API. */
export function createEntraClient(options: EntraClientOptions): EntraClient {
  const { entra, credential, verify, timeoutMs = entraDeadlineMs, ask = askUnseen } = options;
  const registration = describeClient(options);
  const requests = createEntraRequests(entra, registration, credential);

  function within<T>(operation: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return ask(operation, () =>
      withDeadline(
        work(AbortSignal.timeout(timeoutMs)),
        timeoutMs,
        () => new AppError('entra_unavailable', { detail: `no answer within ${timeoutMs} ms` }),
      ),
    );
  }

  return {
    authorizeUrl: (request) => buildAuthorizeUrl(options, registration, request),

    async redeem(callback, expected) {
      const parameters = requests.validateCallback(callback, expected.state);
      return within('redeem', async (signal) => {
        const response = await requests.redeem(parameters, expected, signal);
        const account = await verifyUser(verify, response.access_token);
        checkIdToken(response, account);
        const issuer = parameters.get('iss');
        if (issuer !== null && issuer !== v2Issuer(entra.authority, account.tenantId))
          throw new UpstreamRefusal('access_denied', 'iss of another tenant');
        if (response.refresh_token === undefined)
          throw new AppError('entra_refused_server', { detail: 'no refresh token was given' });
        return { account, refreshToken: response.refresh_token };
      });
    },

    refresh: (refreshToken) =>
      within('refresh', async (signal) => {
        const response = await requests.refresh(refreshToken, signal);
        const account = await verifyUser(verify, response.access_token);
        return { account, refreshToken: response.refresh_token ?? refreshToken };
      }),
  };
}
