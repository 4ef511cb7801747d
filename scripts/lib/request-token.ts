import * as oauth from 'oauth4webapi';
import { Failure } from '../../dev/failure.ts';
import { createOAuthOptions } from './oauth-options.ts';

export interface TokenRequest {
  /** Entra's sign-in host, without the tenant; http only where it is this machine. */
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly authenticate: oauth.ClientAuth;
  readonly grantType: 'client_credentials' | 'password';
  readonly parameters: Readonly<Record<string, string>>;
}

/** `client_assertion` that somebody else signed (RFC 7523 section 2.2), as federated credentials need. */
export function presentAssertion(assertion: string): oauth.ClientAuth {
  return (_server, client, body) => {
    body.set('client_id', client.client_id);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    body.set('client_assertion', assertion);
  };
}

function explain(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError)
    return `${error.error}: ${error.error_description ?? error.status}`;
  return error instanceof Error ? error.message : String(error);
}

/** An access token from Entra's token endpoint. Throws Failure with the identity provider's own error. */
export async function requestToken(request: TokenRequest): Promise<string> {
  const { authority, tenantId, clientId, authenticate, grantType, parameters } = request;
  const tenant = `${authority.replace(/\/+$/, '')}/${tenantId}`;
  const server = { issuer: `${tenant}/v2.0`, token_endpoint: `${tenant}/oauth2/v2.0/token` };
  const client = { client_id: clientId };
  try {
    const response = await oauth.genericTokenEndpointRequest(
      server,
      client,
      authenticate,
      grantType,
      { ...parameters },
      createOAuthOptions(server.token_endpoint),
    );
    const { access_token: token } = await oauth.processGenericTokenEndpointResponse(server, client, response);
    return token;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`no token from ${tenant}: ${explain(error)}`);
  }
}
