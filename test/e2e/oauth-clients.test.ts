import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { apps, homeTenant, users } from '../../dev/entra/directory.ts';
import { startLoopbackReceiver, type LoopbackReceiver } from '../../scripts/lib/loopback-receiver.ts';
import { startDocumentServer, publicAddress, type DocumentServer } from '../oauth/clients/document-server.ts';
import type { McpClient } from '../support/mcp-clients.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { me, revoke } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import {
  startSignInBrowser,
  type BrowserVisit,
  type SignInBrowser,
  type SignInOptions,
} from '../support/sign-in-browser.ts';
import { applicationToken, userToken } from '../support/tokens.ts';
import {
  clientName,
  createOAuthMemory,
  sdkClients,
  type Connect,
  type OAuthMemory,
} from './oauth-sdk-clients.ts';

const documentHost = 'client.example.com';
const documentUrl = `https://${documentHost}/oauth/client.json`;
const listedClient = 'listed-desktop-client';

let browser: SignInBrowser;
let documents: DocumentServer;
let server: TestServer;
/** Without an authorization server of its own. */
let plain: TestServer;
let receiver: LoopbackReceiver;
/** By how much the resource server's clock is ahead, milliseconds. */
let ahead = 0;

beforeAll(async () => {
  browser = await startSignInBrowser();
  documents = await startDocumentServer([documentHost], (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(
      JSON.stringify({
        client_id: documentUrl,
        client_name: clientName,
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      }),
    );
  });
  const listed = {
    client_id: listedClient,
    client_name: clientName,
    redirect_uris: ['http://127.0.0.1/callback'],
  };
  server = await startProxyServer(
    { OAUTH_PREREGISTERED_CLIENTS: JSON.stringify([listed]) },
    { network: { resolve: documents.resolve, connect: documents.connect }, now: () => Date.now() + ahead },
  );
  plain = await startProxyServer({ OAUTH_PROXY: 'off' });
});
afterAll(async () => {
  await server.stop();
  await plain.stop();
  await documents.stop();
  await browser.stop();
});
beforeEach(async () => {
  receiver = await startLoopbackReceiver({ port: 0 });
});
afterEach(async () => {
  ahead = 0;
  await receiver.stop();
});

async function callProfile(client: McpClient): Promise<unknown> {
  const { structuredContent } = await client.callTool({ name: 'get_user_profile', arguments: {} });
  return structuredContent;
}

/** What an application does that knows the URL: it tries, sends the person to the browser, tries again. */
async function signIn(
  connect: Connect,
  url: URL,
  memory: OAuthMemory,
  options: SignInOptions = {},
): Promise<BrowserVisit & { readonly client: McpClient }> {
  const attempt = connect(url, memory.provider);
  await expect(attempt.connected).rejects.toThrow('Unauthorized');
  const [answer, visit] = await Promise.all([
    receiver.receive(60_000),
    browser.signIn(memory.authorizationUrls.at(-1) ?? '', options),
  ]);
  await attempt.finish(answer);
  return { ...visit, client: await connect(url, memory.provider).connected };
}

const alice = { kind: 'user', objectId: users.alice.oid };

describe.each(Object.entries(sdkClients))('%s, which is given the URL only', (_name, connect) => {
  it('registers, signs in through a browser and calls get_user_profile', async () => {
    const memory = createOAuthMemory({ receiver });
    const { client, consentText, complaints } = await signIn(connect, server.mcpUrl, memory);
    expect(await callProfile(client)).toMatchObject(alice);
    expect(consentText).toContain(clientName);
    expect(consentText).toContain(new URL(receiver.redirectUri).host);
    expect(complaints).toEqual([]);
    expect(memory.client).not.toHaveProperty('client_secret');
    expect(memory.tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3_600, scope: 'access_as_user' });
    await client.close();
  });

  it('stays signed in without a person when its access token has expired', async () => {
    const memory = createOAuthMemory({ receiver });
    const { client } = await signIn(connect, server.mcpUrl, memory);
    await client.close();
    const before = memory.tokens;
    const refused: unknown[] = [];
    // The clock is ahead until the client has been refused for it.
    ahead = 2 * 3_600_000;
    const later = connect(server.mcpUrl, memory.provider, async (input, init) => {
      const response = await fetch(input, init);
      if (response.status === 401) {
        refused.push(response.headers.get('www-authenticate'));
        ahead = 0;
      }
      return response;
    });
    const again = await later.connected;
    expect(await callProfile(again)).toMatchObject(alice);
    expect(refused).toEqual([expect.stringContaining('error="invalid_token"')]);
    expect(memory.authorizationUrls).toHaveLength(1);
    expect(memory.tokens?.access_token).not.toBe(before?.access_token);
    expect(memory.tokens?.refresh_token).not.toBe(before?.refresh_token);
    await again.close();
  });

  it('sends its person to sign in again once its access was revoked', async () => {
    const memory = createOAuthMemory({ receiver });
    const { client } = await signIn(connect, server.mcpUrl, memory);
    await client.close();
    const clientId = memory.client?.client_id ?? '';
    const revocation = await revoke(server.url, { clientId }, memory.tokens?.refresh_token ?? '');
    expect(revocation.status).toBe(200);
    if (memory.tokens !== undefined) memory.tokens = { ...memory.tokens, access_token: 'was-removed' };
    const { client: again } = await signIn(connect, server.mcpUrl, memory, { user: 'bob' });
    expect(await callProfile(again)).toMatchObject({ kind: 'user', objectId: users.bob.oid });
    await again.close();
  });

  it('learns of a person who denies', async () => {
    const memory = createOAuthMemory({ receiver });
    const attempt = connect(server.mcpUrl, memory.provider);
    await expect(attempt.connected).rejects.toThrow('Unauthorized');
    const [answer] = await Promise.all([
      receiver.receive(60_000),
      browser.signIn(memory.authorizationUrls[0] ?? '', { decision: 'deny' }),
    ]);
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'access_denied', iss: server.url });
    expect(answer.has('code')).toBe(false);
  });

  it('is known by the metadata document that it publishes, without registering', async () => {
    const memory = createOAuthMemory({ receiver, clientMetadataUrl: documentUrl });
    const { client, consentText } = await signIn(connect, server.mcpUrl, memory);
    expect(await callProfile(client)).toMatchObject(alice);
    expect(memory.client?.client_id).toBe(documentUrl);
    expect(decodeJwt(memory.tokens?.access_token ?? '').client_id).toBe(documentUrl);
    expect(consentText).toContain(documentHost);
    expect(documents.requests.map(({ url }) => url)).toContain('/oauth/client.json');
    expect([...new Set(documents.connections.flat())]).toEqual([publicAddress]);
    await client.close();
  });

  it('is known where the operator has listed it', async () => {
    const memory = createOAuthMemory({ receiver, client: { client_id: listedClient, issuer: server.url } });
    const { client, consentText } = await signIn(connect, server.mcpUrl, memory);
    expect(await callProfile(client)).toMatchObject(alice);
    expect(decodeJwt(memory.tokens?.access_token ?? '').client_id).toBe(listedClient);
    expect(consentText).toContain('Whoever runs this server listed it');
    await client.close();
  });

  it('signs in at Entra itself where the proxy is off and it has an application there', async () => {
    const issuer = `${plain.environment.ENTRA_AUTHORITY ?? ''}/${homeTenant.id}/v2.0`;
    const memory = createOAuthMemory({
      receiver,
      client: { client_id: apps.vscode.id, issuer },
      atEntra: true,
    });
    const { client } = await signIn(connect, plain.mcpUrl, memory, { consent: 'none' });
    expect(await callProfile(client)).toMatchObject(alice);
    expect(memory.authorizationUrls[0]?.href).toContain(`${homeTenant.id}/oauth2/v2.0/authorize`);
    await client.close();
  });
});

describe('the same server', () => {
  it('takes Entra’s own tokens beside its own, of people and of applications', async () => {
    const person = await me(server.url, await userToken('bob'));
    expect(person.status).toBe(200);
    expect(await person.json()).toMatchObject({
      kind: 'user',
      objectId: users.bob.oid,
      clientId: apps.native.id,
    });
    const application = await me(server.url, await applicationToken('smoke'));
    expect(application.status).toBe(200);
    expect(await application.json()).toMatchObject({ kind: 'application', clientId: apps.smoke.id });
  });
});
