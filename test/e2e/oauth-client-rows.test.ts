import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { apps, homeTenant, users } from '../../dev/entra/directory.ts';
import { findFreePort } from '../../dev/ports.ts';
import {
  authorizeUrl,
  codeVerifier,
  createBrowser,
  requestToken,
  signIn as signInAtEntra,
} from '../dev/entra-client.ts';
import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import { discover, type Discovery } from '../support/discovery.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import {
  allow,
  createAuthorizationRequest,
  me,
  post,
  readTokens,
  redeem,
  refresh,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createTestEnvironment, startServer, type TestServer } from '../support/server.ts';
import { applicationToken } from '../support/tokens.ts';
import { clientFixtures, documentUrl, type ClientFixture } from '../oauth/clients/index.ts';
import {
  publicAddress,
  startClientDocuments,
  type DocumentServer,
} from '../oauth/clients/document-server.ts';

const fullScope = `${apps.api.api.identifierUri}/access_as_user`;

let documents: DocumentServer;
let server: TestServer;
let found: Discovery;

beforeAll(async () => {
  documents = await startClientDocuments(clientFixtures.filter(({ registers }) => registers === 'document'));
  const listed = clientFixtures.filter(({ registers }) => registers === 'listed');
  server = await startProxyServer(
    { OAUTH_PREREGISTERED_CLIENTS: JSON.stringify(listed.map(({ metadata }) => metadata)) },
    { network: { resolve: documents.resolve, connect: documents.connect } },
  );
  found = await discover(server.mcpUrl);
});
afterAll(async () => {
  await server.stop();
  await documents.stop();
});

/** On loopback clients listen on the port that the system gives them, unless they have one of their own. */
async function withPortOfTheMoment({ redirectUri, metadata }: ClientFixture): Promise<string> {
  const registered = metadata.redirect_uris as string[];
  if (registered.includes(redirectUri) || !redirectUri.startsWith('http:')) return redirectUri;
  const url = new URL(redirectUri);
  url.port = String(await findFreePort());
  return url.href;
}

/** The client as the server knows it from now on. */
async function introduce(fixture: ClientFixture): Promise<RawClient> {
  const redirectUri = await withPortOfTheMoment(fixture);
  if (fixture.registers !== 'registration') return { clientId: documentUrl(fixture), redirectUri };
  const { status, headers, body } = await post(found.registrationEndpoint, fixture.metadata);
  expect(status).toBe(201);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(body).toMatchObject({
    redirect_uris: fixture.metadata.redirect_uris,
    token_endpoint_auth_method: 'none',
  });
  expect(body).not.toHaveProperty('client_secret');
  return { clientId: String(body.client_id), redirectUri };
}

/** What the client sends beside what the protocol asks of everyone. */
function describeHabits({ habits }: ClientFixture, scope: string) {
  const resource = habits.sendsResource ? found.resource : undefined;
  return {
    authorization: { ...habits.parameters, scope: habits.scope?.replace('{scope}', scope), resource },
    token: resource === undefined ? {} : { resource },
  };
}

async function connect(fixture: ClientFixture, scope: string) {
  const client = await introduce(fixture);
  const habits = describeHabits(fixture, scope);
  const browser = createHttpBrowser();
  const { url, verifier, state } = createAuthorizationRequest(server.url, client, habits.authorization);
  const consentPage = await browser.open(url, { stop: client.redirectUri });
  expect(consentPage.status).toBe(200);
  const { searchParams } = await allow(browser, consentPage, client);
  expect(searchParams.getAll('iss')).toEqual([found.issuer]);
  expect(searchParams.get('state')).toBe(state);
  const code = searchParams.get('code') ?? '';
  const reply = await redeem(server.url, client, { code, verifier }, habits.token);
  expect(reply.headers.get('cache-control')).toBe('no-store');
  return { client, consentPage, reply, tokens: readTokens(reply), habits };
}

async function readProfile(token: string): Promise<unknown> {
  const answer = await createRawMcp(server.mcpUrl, token).modern('tools/call', {
    name: 'get_user_profile',
    arguments: {},
  });
  const text = await answer.text();
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return (JSON.parse(data) as { result: { structuredContent: unknown } }).result.structuredContent;
}

async function expectAlice(token: string): Promise<void> {
  const answer = await me(server.url, token);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ kind: 'user', objectId: users.alice.oid });
  expect(await readProfile(token)).toMatchObject({ objectId: users.alice.oid });
}

describe('what a client finds that knows the URL only', () => {
  it('S24: makes Claude choose its document and ChatGPT the one callback that all its connectors share', () => {
    expect(found.metadata).toMatchObject({
      issuer: server.url,
      client_id_metadata_document_supported: true,
      token_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });
    expect(found.resource).toBe(`${server.url}/mcp`);
  });
});

describe.each(clientFixtures.map((fixture) => ({ ...fixture, fixture })))(
  '$name ($registers)',
  ({ fixture }) => {
    it('S2, S6: signs in, calls a tool, stays signed in by refreshing', async () => {
      const { client, reply, tokens, habits } = await connect(fixture, found.scope);
      expect(reply.body).toMatchObject({ token_type: 'Bearer', scope: found.scope });
      expect(decodeJwt(tokens.accessToken)).toMatchObject({
        iss: found.issuer,
        aud: found.resource,
        client_id: client.clientId,
      });
      await expectAlice(tokens.accessToken);
      const renewed = readTokens(await refresh(server.url, client, tokens.refreshToken, habits.token));
      expect(renewed.refreshToken).not.toBe(tokens.refreshToken);
      expect(decodeJwt(renewed.accessToken).aud).toBe(found.resource);
      await expectAlice(renewed.accessToken);
    });

    it('is named on the consent page with where it will be sent back', async () => {
      const client = await introduce(fixture);
      const { authorization } = describeHabits(fixture, found.scope);
      const { url } = createAuthorizationRequest(server.url, client, authorization);
      const { text } = await createHttpBrowser().open(url);
      const { protocol, host } = new URL(client.redirectUri);
      expect(text).toContain(protocol.startsWith('http') ? host : protocol.slice(0, -1));
      if (typeof fixture.metadata.client_name === 'string')
        expect(text).toContain(fixture.metadata.client_name);
      if (fixture.registers === 'document') expect(text).toContain(new URL(client.clientId).hostname);
    });
  },
);

describe('any client', () => {
  const [anyone] = clientFixtures.filter(({ habits }) => habits.scope === '{scope}');

  it("may ask for the scope by Entra's full name", async () => {
    if (anyone === undefined) throw new Error('no fixture sends the scope');
    const { tokens } = await connect(anyone, fullScope);
    expect(decodeJwt(tokens.accessToken).scope).toBe('access_as_user');
    await expectAlice(tokens.accessToken);
  });

  it('S22: has its document fetched by the address that was checked, once for several sign-ins', async () => {
    const claudeCode = clientFixtures.find(({ name }) => name === 'Claude Code');
    if (claudeCode === undefined) throw new Error('no Claude Code');
    await connect(claudeCode, found.scope);
    const before = documents.requests.length;
    await connect(claudeCode, found.scope);
    expect(documents.requests).toHaveLength(before);
    expect(new Set(documents.connections.flat())).toEqual(new Set([publicAddress]));
  });
});

describe('a daemon', () => {
  it('calls with its own token of Entra, by client credentials and app role', async () => {
    const token = await applicationToken('smoke');
    const answer = await me(server.url, token);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ kind: 'application', clientId: apps.smoke.id });
    expect(await readProfile(token)).toMatchObject({ kind: 'application' });
  });

  it('is refused without the app role', async () => {
    const answer = await me(server.url, await applicationToken('daemon'));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
  });
});

describe('VS Code where the proxy is off', () => {
  let plain: TestServer;
  beforeAll(async () => {
    plain = await startServer(createTestEnvironment());
  });
  afterAll(() => plain.stop());

  it("is pointed to Entra's own issuer and signs in there with its own application", async () => {
    const response = await fetch(`${plain.url}/.well-known/oauth-protected-resource/mcp`);
    const { authorization_servers: issuers, scopes_supported: scopes } = (await response.json()) as {
      authorization_servers: string[];
      scopes_supported: string[];
    };
    const authority = String(plain.environment.ENTRA_AUTHORITY);
    expect(issuers).toEqual([`${authority}/${homeTenant.id}/v2.0`]);
    expect(scopes).toEqual([fullScope]);
    const application = { client_id: apps.vscode.id, redirect_uri: 'http://127.0.0.1:33418/' };
    const request = authorizeUrl(authority, { ...application, scope: scopes.join(' '), nonce: '' });
    const { target } = await signInAtEntra(createBrowser(), request, users.alice);
    const { body } = await requestToken(authority, {
      ...application,
      grant_type: 'authorization_code',
      code: target.searchParams.get('code') ?? '',
      code_verifier: codeVerifier,
      scope: scopes.join(' '),
    });
    const answer = await me(plain.url, String(body.access_token));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ objectId: users.alice.oid, clientId: apps.vscode.id });
  });
});
