import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthClientProvider,
} from '@modelcontextprotocol/client';
import { describeFailure, Failure } from '../../dev/failure.ts';
import type { LoopbackReceiver } from './loopback-receiver.ts';
import { revokeSignIn } from './revoke-sign-in.ts';
import type { SignInFile } from './sign-in-file.ts';
import { reach } from './unreachable.ts';

/** A connection to an MCP server that signs its person in when, and only when, that is needed. */
export interface McpSession {
  /** Does the work, after a sign-in in the browser where the server asks for one. Throws Failure. */
  use<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Revokes the sign-in that is kept, and forgets it in any case. Throws Failure. */
  signOut(): Promise<'revoked' | 'forgotten' | 'not signed in'>;
  close(): Promise<void>;
}

export interface McpSessionOptions {
  readonly mcpUrl: URL;
  readonly file: SignInFile;
  readonly receiver: LoopbackReceiver;
  readonly provider: OAuthClientProvider;
}

const patienceMs = 5 * 60_000;

/** One line that says what the person can do about it, whatever the SDK makes of it. */
function explain(mcpUrl: URL, error: unknown): Failure {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof Failure) return current;
  }
  const { status } = (error ?? {}) as { readonly status?: unknown };
  if (status === 404 || status === 405) {
    const problem = `${mcpUrl.href} answered ${status}: it is not the URL of an MCP endpoint`;
    return new Failure(problem, { cause: error });
  }
  const { data } = (error ?? {}) as { readonly data?: { readonly requestId?: unknown } };
  const id = typeof data?.requestId === 'string' ? ` (request ${data.requestId})` : '';
  return new Failure(`${mcpUrl.href}: ${describeFailure(error)}${id}`, { cause: error });
}

function checkAnswer(answer: URLSearchParams): URLSearchParams {
  const error = answer.get('error');
  if (error === null) return answer;
  const description = answer.get('error_description');
  throw new Failure(`You were not signed in: ${error}${description === null ? '' : `: ${description}`}`);
}

/** Connects when it is first asked for its client, and again after it was closed. */
function createConnection({ mcpUrl, provider }: McpSessionOptions) {
  let current: { readonly client: Client; readonly transport: StreamableHTTPClientTransport } | undefined;
  return {
    async open(): Promise<Client> {
      if (current !== undefined) return current.client;
      const transport = new StreamableHTTPClientTransport(mcpUrl, { authProvider: provider, fetch: reach });
      const client = new Client(
        { name: 'entra-mcp-example-client', version: '1.0.0' },
        { versionNegotiation: { mode: 'auto' } },
      );
      current = { client, transport };
      await client.connect(transport);
      return client;
    },
    finishAuth: (answer: URLSearchParams) => current?.transport.finishAuth(answer),
    async close(): Promise<void> {
      const open = current;
      current = undefined;
      await open?.client.close();
    },
  };
}

/** Connects when it is first used. */
export function createMcpSession(options: McpSessionOptions): McpSession {
  const { mcpUrl, file, receiver } = options;
  const connection = createConnection(options);

  async function signIn(): Promise<void> {
    await connection.finishAuth(checkAnswer(await receiver.receive(patienceMs)));
    await connection.close();
  }

  async function attempt<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await work(await connection.open());
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await signIn();
      return work(await connection.open());
    }
  }

  return {
    close: connection.close,
    async use(work) {
      try {
        return await attempt(work);
      } catch (error) {
        await connection.close();
        throw explain(mcpUrl, error);
      }
    },
    async signOut() {
      await connection.close();
      const kept = file.read();
      try {
        if (kept?.tokens === undefined) return 'not signed in';
        return (await revokeSignIn(mcpUrl, kept)) ? 'revoked' : 'forgotten';
      } catch (error) {
        throw explain(mcpUrl, error);
      } finally {
        file.remove();
      }
    },
  };
}
