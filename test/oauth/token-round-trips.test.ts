import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startObservedServer, type ObservedServer } from '../support/observed-server.ts';
import {
  loopbackRedirect,
  me,
  obtainTokens,
  readTokens,
  redeem,
  refresh,
  registerClient,
  signIn,
  type RawClient,
} from '../../dev/oauth-client/raw-oauth.ts';
import { startDocumentServer, type DocumentServer } from './clients/document-server.ts';

/*
 * Every question to the storage costs a client milliseconds and the operator money, so each is listed here. A change of
 * these lists is a change of docs/operations.md ("What it costs", "How far it scales").
 */

const minute = 61_000;
const documentId = 'https://client.example/client.json';

let documents: DocumentServer;
let observed: ObservedServer;
let url: string;
let advanceMs = 0;

beforeAll(async () => {
  documents = await startDocumentServer(['client.example'], (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ client_id: documentId, redirect_uris: [loopbackRedirect] }));
  });
  const listed = [{ client_id: 'listed', redirect_uris: [loopbackRedirect] }];
  observed = await startObservedServer(
    { OAUTH_PREREGISTERED_CLIENTS: JSON.stringify(listed) },
    { network: documents, now: () => Date.now() + advanceMs },
  );
  ({ url } = observed.server);
});
afterEach(() => {
  advanceMs = 0;
});
afterAll(async () => {
  await observed.stop();
  await documents.stop();
});

/** What the redemption of a fresh code asks of the storage. */
async function redemptionOf(client: RawClient): Promise<readonly string[]> {
  const signedIn = await signIn(url, client);
  return observed.tripsOf(async () => readTokens(await redeem(url, client, signedIn)));
}

async function refreshOf(client: RawClient, waitMs = 0): Promise<readonly string[]> {
  const { refreshToken } = await obtainTokens(url, { client });
  advanceMs += waitMs;
  return observed.tripsOf(async () => readTokens(await refresh(url, client, refreshToken)));
}

const redemption = [
  'GET Codes',
  'GET Grants',
  'PUT Codes',
  'PUT Expiries',
  'PUT RefreshTokens',
  // From now on a repeat is a replay.
  'PUT Codes',
];
const exchange = [
  'PUT RefreshTokens',
  'PUT Expiries',
  'PUT RefreshTokens',
  // For the grace.
  'PUT Expiries',
  'POST Replies',
];

describe('the storage is asked', () => {
  it('7 times for a redemption', async () => {
    const client = await registerClient(url);
    await redemptionOf(client);
    expect(await redemptionOf(client)).toEqual(['GET Clients', ...redemption]);
  });

  it('9 times once a day, when the life of a registration is prolonged beside it', async () => {
    const trips = await redemptionOf(await registerClient(url));
    expect(trips.slice(0, 6)).toEqual(['GET Clients', ...redemption.slice(0, -1)]);
    expect(trips.slice(6).sort()).toEqual(['PUT Clients', 'PUT Codes', 'PUT Expiries']);
  });

  it('8 times for a refresh', async () => {
    const trips = await refreshOf(await registerClient(url));
    expect(trips).toEqual(['GET Clients', 'GET RefreshTokens', 'GET Grants', ...exchange]);
  });

  it('10 times for a refresh that also confirms the account at Entra', async () => {
    const trips = await refreshOf(await registerClient(url), minute);
    const confirmation = ['PUT Grants', 'PUT Grants'];
    const reads = ['GET Clients', 'GET RefreshTokens', 'GET Grants'];
    expect(trips).toEqual([...reads, ...confirmation, ...exchange]);
  });

  it.each([
    ['listed', 'listed'],
    ['known by its document', documentId],
  ])('for no registration of a client that is %s', async (_name, clientId) => {
    const client = { clientId, redirectUri: loopbackRedirect };
    expect(await redemptionOf(client)).toEqual(redemption);
    expect(await refreshOf(client)).toEqual(['GET RefreshTokens', 'GET Grants', ...exchange]);
  });

  it('once for the first call with an access token, 3 times a minute later, and not between', async () => {
    const { accessToken } = await obtainTokens(url);
    const call = () => observed.tripsOf(() => me(url, accessToken));
    expect([await call(), await call()]).toEqual([['GET Grants'], []]);
    advanceMs = minute;
    expect([await call(), await call()]).toEqual([['GET Grants', 'PUT Grants', 'PUT Grants'], []]);
  });
});
