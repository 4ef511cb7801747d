import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client';
import { Failure } from '../../dev/failure.ts';
import type { LoopbackReceiver } from './loopback-receiver.ts';
import type { SignIn, SignInFile } from './sign-in-file.ts';

export interface OAuthProviderOptions {
  readonly mcpUrl: URL;
  readonly file: SignInFile;
  readonly receiver: LoopbackReceiver;
  /** Sends the person to the authorization URL. */
  readonly show: (url: URL) => Promise<void>;
}

/** What the SDK's OAuth client asks of an application: a public client on this machine that keeps its sign-in in a file. */
export function createOAuthProvider({
  mcpUrl,
  file,
  receiver,
  show,
}: OAuthProviderOptions): OAuthClientProvider {
  const { redirectUri } = receiver;
  let verifier = '';
  let discovered: OAuthDiscoveryState | undefined;

  function keep(changes: { client?: SignIn['client']; tokens?: SignIn['tokens'] }): void {
    const port = Number(new URL(redirectUri).port);
    const { client, tokens } = { ...file.read(), ...changes };
    file.write({
      mcpUrl: mcpUrl.href,
      port: changes.client === undefined ? (file.read()?.port ?? port) : port,
      ...(client !== undefined && { client }),
      ...(tokens !== undefined && { tokens }),
    });
  }

  return {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: 'entra-mcp example client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => receiver.begin(),
    clientInformation: () => file.read()?.client,
    saveClientInformation: (client) => keep({ client }),
    tokens: () => file.read()?.tokens,
    saveTokens: (tokens) => keep({ tokens }),
    async redirectToAuthorization(url) {
      // Where to is the server's choice: a browser would open files and start programs as well.
      if (!['https:', 'http:'].includes(url.protocol)) throw new Failure(`${url.protocol} is no web address`);
      await show(url);
    },
    saveCodeVerifier: (value) => void (verifier = value),
    codeVerifier: () => verifier,
    saveDiscoveryState: (state) => void (discovered = state),
    discoveryState: () => discovered,
    invalidateCredentials(scope) {
      if (scope === 'all' || scope === 'client') file.remove();
      if (scope === 'tokens') keep({ tokens: undefined });
      if (scope === 'all' || scope === 'discovery') discovered = undefined;
    },
  };
}
