import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import type { OAuthClientProvider as Provider2 } from '@modelcontextprotocol/client';
import type { OAuthClientProvider as Provider1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { LoopbackReceiver } from '../../scripts/lib/loopback-receiver.ts';
import type { McpClient } from '../support/mcp-clients.ts';

type StoredClient = Awaited<ReturnType<Provider2['clientInformation']>>;
type StoredTokens = Awaited<ReturnType<Provider2['tokens']>>;

/** What one application remembers of one MCP server, as both SDK generations want it kept. */
export interface OAuthMemory {
  readonly provider: Provider1 & Provider2;
  client: StoredClient;
  tokens: StoredTokens;
  /** Every authorization URL that a person was to be sent to. */
  readonly authorizationUrls: URL[];
}

export interface OAuthMemoryOptions {
  readonly receiver: LoopbackReceiver;
  /** Instead of registering. */
  readonly client?: NonNullable<StoredClient>;
  readonly clientMetadataUrl?: string;
  /** Made for Entra's endpoints, which refuse `resource` and want `scope` when a code is redeemed. */
  readonly atEntra?: boolean;
}

export const clientName = 'End-to-end client';

export function createOAuthMemory(options: OAuthMemoryOptions): OAuthMemory {
  const { receiver, client, clientMetadataUrl, atEntra = false } = options;
  let verifier = '';
  let discovered: Awaited<ReturnType<NonNullable<Provider2['discoveryState']>>>;
  const memory: OAuthMemory = {
    client,
    tokens: undefined,
    authorizationUrls: [],
    provider: {
      redirectUrl: receiver.redirectUri,
      clientMetadata: {
        client_name: clientName,
        redirect_uris: [receiver.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
      ...(atEntra && {
        validateResourceURL: () => Promise.resolve(undefined),
        addClientAuthentication(_headers: Headers, form: URLSearchParams) {
          form.set('client_id', memory.client?.client_id ?? '');
          form.set('scope', memory.authorizationUrls.at(-1)?.searchParams.get('scope') ?? '');
        },
      }),
      state: () => receiver.begin(),
      clientInformation: () => memory.client,
      saveClientInformation: (information) => void (memory.client = information as StoredClient),
      tokens: () => memory.tokens,
      saveTokens: (tokens) => void (memory.tokens = tokens as StoredTokens),
      invalidateCredentials: (scope) => {
        if (scope === 'all' || scope === 'client') memory.client = client;
        if (scope === 'all' || scope === 'tokens') memory.tokens = undefined;
      },
      saveDiscoveryState: (state) => void (discovered = state as typeof discovered),
      discoveryState: () => discovered,
      redirectToAuthorization: (url) => void memory.authorizationUrls.push(url),
      saveCodeVerifier: (value) => void (verifier = value),
      codeVerifier: () => verifier,
    },
  };
  return memory;
}

/** One attempt to connect. Where a person has to sign in it rejects, and `finish` takes the answer. */
export interface Attempt {
  readonly connected: Promise<McpClient>;
  finish(answer: URLSearchParams): Promise<void>;
}

export type Connect = (
  url: URL,
  provider: OAuthMemory['provider'],
  fetch?: typeof globalThis.fetch,
) => Attempt;

const implementation = { name: 'end-to-end', version: '1.0.0' };

function withSdk2(mode: 'legacy' | { pin: string }): Connect {
  return (url, authProvider, fetch = globalThis.fetch) => {
    const transport = new Transport2(url, { authProvider, fetch });
    const client = new Client2(implementation, { versionNegotiation: { mode } });
    return {
      connected: client.connect(transport).then(() => client as unknown as McpClient),
      finish: (answer) => transport.finishAuth(answer),
    };
  };
}

/** The SDKs' own OAuth clients: both generations, and the second in both protocol eras. */
export const sdkClients: Readonly<Record<string, Connect>> = {
  'sdk 1.x': (url, authProvider, fetch = globalThis.fetch) => {
    const transport = new Transport1(url, { authProvider, fetch });
    const client = new Client1(implementation);
    return {
      connected: client.connect(transport).then(() => client),
      finish: (answer) => transport.finishAuth(answer.get('code') ?? ''),
    };
  },
  'sdk 2.x, 2025 era': withSdk2('legacy'),
  'sdk 2.x, 2026-07-28': withSdk2({ pin: '2026-07-28' }),
};
