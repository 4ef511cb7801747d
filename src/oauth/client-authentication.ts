import { ClientSecretPost, type ClientAuth } from 'oauth4webapi';

/** How the proxy proves itself to Entra. */
export type ClientCredential =
  | {
      /** A token of the managed identity for `api://AzureADTokenExchange` (workload identity federation). */
      readonly clientAssertion: () => Promise<string>;
    }
  | {
      /** Client secrets, newest first. */
      readonly clientSecret: () => Promise<readonly string[]>;
    };

/** RFC 7523 section 2.2, with an assertion that somebody else signed. */
function presentAssertion(assertion: string): ClientAuth {
  return (_server, client, body) => {
    body.set('client_id', client.client_id);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    body.set('client_assertion', assertion);
  };
}

/** The ways to authenticate now, in the order to try them. Rejects with what the credential throws. */
export async function listAuthentications(credential: ClientCredential): Promise<readonly ClientAuth[]> {
  if ('clientAssertion' in credential) return [presentAssertion(await credential.clientAssertion())];
  return (await credential.clientSecret()).map((secret) => ClientSecretPost(secret));
}
