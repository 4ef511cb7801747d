import { randomBytes } from 'node:crypto';
import { users } from '../../dev/entra/directory.ts';
import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import {
  createAuthorizationRequest,
  loopbackRedirect,
  me,
  obtainTokens,
  passwordOf,
  post,
  readTokens,
  refresh,
  redeem,
  registerClient,
  revoke,
  signIn,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createClientKey, type ClientKey } from '../oauth/clients/client-key.ts';
import { startDocumentServer, type DocumentServer } from '../oauth/clients/document-server.ts';
import { startObservedServer, type ObservedServer } from '../support/observed-server.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { createSecretHunt, type SecretHunt } from '../support/secret-hunt.ts';
import { openConsent, pressAllow, signInAtEntra } from '../support/sign-in-steps.ts';
import { graphToken, userToken } from '../support/tokens.ts';

export const apiKey = 'the key of a collector';
/** A client that publishes its metadata and its keys. */
export const publishedClient = 'https://client.example/client.json';

interface Answer {
  readonly status: number;
  readonly requestId: string;
  readonly text: string;
}

/** What callers' own traces are: another one for each. */
const createTrace = () => ({
  traceId: randomBytes(16).toString('hex'),
  spanId: randomBytes(8).toString('hex'),
});
type Trace = ReturnType<typeof createTrace>;
type TraceName = 'overHttp' | 'inLegacyMeta' | 'aroundLegacyMeta' | 'inModernMeta' | 'aroundModernMeta';
/** What browsers and proxies tell of a person. */
export const stranger = { 'X-Forwarded-For': '203.0.113.77', 'User-Agent': 'Somebodys-Own-Browser/1' };
const toHeader = ({ traceId, spanId }: Trace) => `00-${traceId}-${spanId}-00`;

/** A server that is called and signed in to in every way, and what a collector has of it by then. */
export interface Scenario {
  readonly receiver: OtlpReceiver;
  /** Every line of the server's log. */
  readonly lines: readonly Record<string, unknown>[];
  /** By what was asked. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** Knows every secret that was used. */
  readonly hunt: SecretHunt;
  readonly traces: Readonly<Record<TraceName, Trace>>;
}

interface Running {
  readonly observed: ObservedServer;
  /** Of the client that publishes its metadata. */
  readonly clientKey: ClientKey;
  readonly answers: Record<string, Answer>;
  readonly hunt: SecretHunt;
  readonly traces: Scenario['traces'];
}

function createKeep({ answers }: Running) {
  return async function keep(name: string, answering: Promise<Response>): Promise<void> {
    const response = await answering;
    answers[name] = {
      status: response.status,
      requestId: response.headers.get('x-request-id') ?? '',
      text: await response.text(),
    };
  };
}

const unknownId = '1700000000000-0123456789abcdef';

/** Calls in both eras, good ones and failing ones. */
async function callTools(running: Running, token: string): Promise<void> {
  const { observed, traces } = running;
  const keep = createKeep(running);
  const { modern, post: legacy, send } = createRawMcp(observed.server.mcpUrl, token);
  const add = { name: 'add', arguments: { a: 1, b: 2 } };
  await keep('http', modern('tools/call', add, { ...stranger, traceparent: toHeader(traces.overHttp) }));
  const message = { jsonrpc: '2.0', id: 'a-1', method: 'tools/call' };
  const legacyHeaders = { 'MCP-Protocol-Version': '2025-06-18' };
  const note = { name: 'save_user_note', arguments: { text: 'What nobody may see' } };
  await keep('legacy', legacy({ ...message, params: note }, legacyHeaders));
  const traced = { ...note, _meta: { traceparent: toHeader(traces.inLegacyMeta) } };
  const headers = { ...legacyHeaders, traceparent: toHeader(traces.aroundLegacyMeta) };
  await keep('legacy meta', legacy({ ...message, params: traced }, headers));
  const tracedToo = { ...note, _meta: { traceparent: toHeader(traces.inModernMeta) } };
  const around = { traceparent: toHeader(traces.aroundModernMeta) };
  await keep('modern meta', modern('tools/call', tracedToo, around));
  const unknownNote = { name: 'delete_user_note', arguments: { id: unknownId } };
  await keep('tool error', modern('tools/call', unknownNote));
  await keep('invalid', modern('tools/call', { name: 'add', arguments: { a: 'one' } }));
  await keep('unknown tool', modern('tools/call', { name: 'drop tables of bob@fabrikam' }));
  await keep('unknown method', legacy({ ...message, method: 'no/such/method' }, legacyHeaders));
  await keep('unknown version', modern('tools/list', {}, { 'MCP-Protocol-Version': '2099-01-01' }));
  const notJson = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' };
  await keep('not json', send(notJson));
  observed.storage.fault = '503';
  await keep('outage', modern('tools/call', { name: 'get_user_notes', arguments: {} }));
  observed.storage.fault = 'none';
}

async function beRefused(running: Running): Promise<void> {
  const { url } = running.observed.server;
  const keep = createKeep(running);
  await keep('no token', fetch(`${url}/me`));
  await keep('malformed', me(url, 'nonsense'));
  const graph = await graphToken('alice');
  running.hunt.add('token for Graph', graph);
  await keep('wrong audience', me(url, graph));
}

/** Registration, sign-in, refresh and every end. */
async function signInAndOut(running: Running): Promise<void> {
  const { url } = running.observed.server;
  const { answers, hunt } = running;
  const keep = createKeep(running);
  const client = await registerClient(url);
  const tokens = await obtainTokens(url, { client });
  const renewed = readTokens(await refresh(url, client, tokens.refreshToken));
  for (const { accessToken, refreshToken } of [tokens, renewed]) {
    hunt.add('access token', accessToken);
    hunt.add('refresh token', refreshToken);
  }
  await keep('own token', me(url, renewed.accessToken));
  await keep('own token again', me(url, renewed.accessToken));
  await revoke(url, client, renewed.refreshToken);
  await revoke(url, client, 'a refresh token that nobody has');
  const other = await obtainTokens(url, { client, user: 'bob' });
  await revoke(url, client, other.accessToken);
  await post(`${url}/auth/register`, { redirect_uris: ['javascript:alert(1)'] });
  const { status, headers, body } = await refresh(url, client, 'no such token');
  answers.refresh = { status, requestId: headers.get('x-request-id') ?? '', text: JSON.stringify(body) };
  const evil = { ...client, redirectUri: 'https://evil.example/callback' };
  await keep('wrong redirect', fetch(createAuthorizationRequest(url, evil).url, { headers: stranger }));
  const browser = createHttpBrowser();
  const { url: request, verifier, state } = createAuthorizationRequest(url, client);
  hunt.add('verifier', verifier);
  hunt.add('state', state);
  await browser.submit(await browser.open(request), { decision: 'deny' }, { stop: client.redirectUri });
  const page = await browser.submit(await browser.open(`${url}/auth/login`), passwordOf('alice'));
  await browser.submit(page, {});
}

const published: RawClient = { clientId: publishedClient, redirectUri: loopbackRedirect };

/** A client proves itself twice by the keys that its document names. */
async function signInPublished({ observed, clientKey, hunt }: Running): Promise<void> {
  const { url } = observed.server;
  async function prove(): Promise<Record<string, string>> {
    const proof = await clientKey.prove(publishedClient, url);
    hunt.add('proof of a client', proof.client_assertion);
    return proof;
  }
  const signedIn = await signIn(url, published);
  hunt.add('code', signedIn.code);
  const tokens = readTokens(await redeem(url, published, signedIn, await prove()));
  const renewed = readTokens(await refresh(url, published, tokens.refreshToken, await prove()));
  for (const { accessToken, refreshToken } of [tokens, renewed]) {
    hunt.add('access token', accessToken);
    hunt.add('refresh token', refreshToken);
  }
}

/** Sign-ins that come back from Entra in vain: the person cancelled there; the storage fails when they are known. */
async function signInInVain({ observed }: Running): Promise<void> {
  const { url } = observed.server;
  async function comeBack(fields: Record<string, string> = {}) {
    const browser = createHttpBrowser();
    const atEntra = await pressAllow(browser, await openConsent(browser, url, published));
    const callback = await signInAtEntra(browser, url, atEntra, fields);
    return () => browser.open(callback, { stop: published.redirectUri });
  }
  await (
    await comeBack({ action: 'cancel' })
  )();
  const goOn = await comeBack();
  observed.storage.faultOf = ({ url: path = '' }) => (path.includes('Grants') ? '503' : undefined);
  await goOn();
  observed.storage.faultOf = undefined;
}

/** Serves the document of the client that publishes it, and its keys. */
function servePublished({ keySet }: ClientKey): Promise<DocumentServer> {
  const { host, pathname } = new URL(publishedClient);
  const document = {
    client_id: publishedClient,
    redirect_uris: [loopbackRedirect],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: `https://${host}/keys.json`,
  };
  return startDocumentServer([host], (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600' });
    response.end(JSON.stringify(request.url === pathname ? document : keySet));
  });
}

/** Runs it all and ends the server, so that everything is sent. */
export async function runScenario(): Promise<Scenario> {
  const hunt = createSecretHunt();
  for (const { password } of Object.values(users)) hunt.add('password', password);
  hunt.add('key of the collector', apiKey);
  const receiver = await startOtlpReceiver();
  const clientKey = await createClientKey();
  const documents = await servePublished(clientKey);
  const observed = await startObservedServer(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${encodeURIComponent(apiKey)}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
    { network: documents },
  );
  const traces = {
    overHttp: createTrace(),
    inLegacyMeta: createTrace(),
    aroundLegacyMeta: createTrace(),
    inModernMeta: createTrace(),
    aroundModernMeta: createTrace(),
  };
  const running: Running = { observed, clientKey, hunt, answers: {}, traces };
  const token = await userToken('alice');
  hunt.add('token of Entra', token);
  await callTools(running, token);
  await beRefused(running);
  await signInAndOut(running);
  await signInPublished(running);
  await signInInVain(running);
  await observed.stop();
  await documents.stop();
  return { receiver, lines: observed.server.lines, answers: running.answers, hunt, traces };
}
