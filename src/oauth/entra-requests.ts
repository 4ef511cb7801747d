import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  clockTolerance,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  validateAuthResponse,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  type TokenEndpointResponse,
} from 'oauth4webapi';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { listAuthentications, type ClientCredential } from './client-authentication.ts';
import {
  readAnswer,
  toCallbackFailure,
  toTokenFailure,
  UpstreamRefusal,
  wrongSecret,
} from './entra-failure.ts';
import { describeEntra, isTenantIssuer } from './entra-metadata.ts';

/** The proxy's own registration at Entra, and what it asks for with every request. */
export interface EntraRegistration {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
}

/** The protocol with Entra's endpoints; all failures are the errors of `EntraClient`. */
export interface EntraRequests {
  /** The parameters of the redirect to the callback, checked and with a code. */
  validateCallback(callback: URLSearchParams, state: string): URLSearchParams;
  /** @param parameters from `validateCallback` */
  redeem(
    parameters: URLSearchParams,
    expected: { readonly nonce: string; readonly codeVerifier: string },
    signal: AbortSignal,
  ): Promise<TokenEndpointResponse>;
  refresh(refreshToken: string, signal: AbortSignal): Promise<TokenEndpointResponse>;
}

/** Tries one way to authenticate after the other while Entra does not know the secret. */
async function authenticate(
  credential: ClientCredential,
  refusal: UpstreamRefusal['code'],
  exchange: (authentication: ClientAuth) => Promise<TokenEndpointResponse>,
): Promise<TokenEndpointResponse> {
  let failure: unknown = new AppError('secret_missing', { detail: 'entra-client-secret' });
  for (const authentication of await listAuthentications(credential)) {
    try {
      return await exchange(authentication);
    } catch (error) {
      const answer = await readAnswer(error);
      failure = toTokenFailure(error, answer, refusal);
      if (answer?.aadsts !== wrongSecret) break;
    }
  }
  throw failure;
}

/** An issuer that the parameters name (RFC 9207) must be some tenant's; of which one, the tokens tell. */
function validateCallback(
  server: AuthorizationServer,
  client: Client,
  { authority, callback, state }: { authority: string; callback: URLSearchParams; state: string },
): URLSearchParams {
  const named = callback.get('iss');
  const issuer = named !== null && isTenantIssuer(authority, named) ? named : server.issuer;
  let parameters;
  try {
    parameters = validateAuthResponse({ ...server, issuer }, client, callback, state);
  } catch (error) {
    throw toCallbackFailure(error);
  }
  const [code, second] = parameters.getAll('code');
  if (code && second === undefined) return parameters;
  throw new UpstreamRefusal('access_denied', 'callback without a code');
}

export function createEntraRequests(
  entra: Config['entra'],
  { clientId, redirectUri, scope }: EntraRegistration,
  credential: ClientCredential,
): EntraRequests {
  const server = describeEntra(entra);
  const client: Client = { client_id: clientId, [clockTolerance]: 60 };
  const request = (signal: AbortSignal) => ({
    additionalParameters: { scope },
    signal,
    [allowInsecureRequests]: isLoopback(new URL(entra.authority)),
  });

  return {
    validateCallback: (callback, state) =>
      validateCallback(server, client, { authority: entra.authority, callback, state }),

    redeem: (parameters, { nonce, codeVerifier }, signal) =>
      authenticate(credential, 'access_denied', async (authentication) => {
        const response = await authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          parameters,
          redirectUri,
          codeVerifier,
          request(signal),
        );
        return processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
      }),

    refresh: (refreshToken, signal) =>
      authenticate(credential, 'invalid_grant', async (authentication) => {
        const response = await refreshTokenGrantRequest(
          server,
          client,
          authentication,
          refreshToken,
          request(signal),
        );
        return processRefreshTokenResponse(server, client, response);
      }),
  };
}
