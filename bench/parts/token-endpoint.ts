import { createHttpBrowser } from '../../dev/oauth-client/http-browser.ts';
import {
  readTokens,
  redeem,
  registerClient,
  signIn,
  type RawClient,
  type SignedIn,
} from '../../dev/oauth-client/raw-oauth.ts';
import type { MakeCall } from '../calls.ts';
import { measureCase, summarize, type Case } from '../measure.ts';
import { startProxyServer, type ProxyServer } from '../proxy-server.ts';
import type { CaseResult } from '../results.ts';
import type { Setting } from '../setting.ts';

/** A sign-in is asked for each code, and they are limited: 300 in ten minutes from one address. */
interface Amounts {
  readonly rounds: number;
  readonly codes: number;
  readonly refreshes: number;
}

const fullAmounts: Amounts = { rounds: 4, codes: 60, refreshes: 480 };
const shortAmounts: Amounts = { rounds: 1, codes: 16, refreshes: 32 };

const connections = 16;

/** One person's browser, which stays signed in at Entra, and one client. */
interface SignedInClient {
  readonly client: RawClient;
  signIn(): Promise<SignedIn>;
}

async function createClient({ publicBaseUrl }: ProxyServer): Promise<SignedInClient> {
  const client = await registerClient(publicBaseUrl);
  const browser = createHttpBrowser();
  return { client, signIn: () => signIn(publicBaseUrl, client, { browser }) };
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) results.push(await work());
  return results;
}

interface TokenReply {
  readonly access_token?: unknown;
  readonly refresh_token?: unknown;
}

function createForm(parameters: Readonly<Record<string, string>>, take: (refreshToken: string) => void) {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
    check({ status, body }: { readonly status: number; readonly body: string }) {
      const reply = status === 200 ? (JSON.parse(body) as TokenReply) : {};
      if (typeof reply.access_token !== 'string' || typeof reply.refresh_token !== 'string') {
        throw new Error(`wrong answer of the token endpoint: ${status} ${body.slice(0, 500)}`);
      }
      take(reply.refresh_token);
    },
  };
}

function createCase(scenario: string, makeCall: MakeCall): Case {
  return { scenario, connections, path: '/auth/token', makeCall };
}

/** Each connection refreshes the token that it was given last. */
function refreshInTurn({ clientId }: RawClient, tokens: string[]): Case {
  return createCase('refresh_token', (_id, connection) => {
    const refresh_token = tokens[connection] ?? '';
    return createForm({ grant_type: 'refresh_token', client_id: clientId, refresh_token }, (next) => {
      tokens[connection] = next;
    });
  });
}

function redeemEach({ clientId, redirectUri }: RawClient, codes: readonly SignedIn[]): Case {
  return createCase('authorization_code', (id) => {
    const { code = '', verifier = '' } = codes[id - 1] ?? {};
    const form = {
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    };
    return createForm(form, () => undefined);
  });
}

async function measureGrants(
  server: ProxyServer,
  { rounds, codes, refreshes }: Amounts,
): Promise<CaseResult[]> {
  const { client, signIn: signInAgain } = await createClient(server);
  const subject = { name: 'proxy', process: server.process };
  const tokens = await repeat(connections, async () => {
    const reply = await redeem(server.publicBaseUrl, client, await signInAgain());
    return readTokens(reply).refreshToken;
  });
  await measureCase(subject, refreshInTurn(client, tokens), refreshes);
  const samples: CaseResult[] = [];
  for (let round = 0; round < rounds; round += 1) {
    samples.push(await measureCase(subject, refreshInTurn(client, tokens), refreshes));
    const signedIn = await repeat(codes, signInAgain);
    samples.push(await measureCase(subject, redeemEach(client, signedIn), codes));
  }
  return samples;
}

/** Both grants of the token endpoint, over real sign-ins at the local Entra, with every row in Azurite. */
export async function runTokenEndpoint(setting: Setting): Promise<readonly CaseResult[]> {
  setting.progress('token endpoint');
  const server = await startProxyServer(setting);
  try {
    return summarize(await measureGrants(server, setting.short ? shortAmounts : fullAmounts));
  } finally {
    await server.process.stop();
  }
}
