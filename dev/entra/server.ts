import { createServer } from 'node:http';
import { join } from 'node:path';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { listen } from '../listen.ts';
import { createAccounts } from './accounts.ts';
import { createAuthorizeEndpoint, resumeAuthorization } from './authorize-endpoint.ts';
import { createClientAuthentication } from './client-authentication.ts';
import type { FederatedCredential } from './client-authentication.ts';
import { createDevControls } from './dev-controls.ts';
import { loadSigningKeys } from './keys.ts';
import type { SigningKeys } from './keys.ts';
import { createConfigurationEndpoint, createKeysEndpoint } from './metadata.ts';
import { paragraph, showPage } from './pages.ts';
import { createProvider } from './provider.ts';
import { EntraRefusal, describeRefusal } from './refusals.ts';
import { createLogoutEndpoint, createSignInEndpoint } from './sign-in.ts';
import { createStore } from './store.ts';
import { requireTenant } from './tenancy.ts';
import type { Endpoint } from './tenancy.ts';
import { createTokenEndpoint } from './token-endpoint.ts';

export interface LocalEntraOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The address by which clients know it, where something stands before it; its own unless given. */
  readonly authority?: string;
  /** Where signing keys, sessions and refresh tokens survive a restart; without it nothing does. */
  readonly dataDir?: string;
  /** Replace those of the proxy's registration, which are `/auth/callback` on any loopback port. */
  readonly proxyRedirectUris?: readonly string[];
  /** Life of an access token, 3600 unless given. */
  readonly accessTokenSeconds?: number;
  /** Foreign tokens that applications may present instead of their secret. */
  readonly federatedCredentials?: readonly FederatedCredential[];
}

export interface LocalEntra {
  /** `http://127.0.0.1:{port}` unless given, in the place of `https://login.microsoftonline.com`. */
  readonly authority: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Pages for people, JSON for programs. */
const pagePaths = /^(login\/|oauth2\/v2\.0\/(authorize|logout))/;

function answerRefusal(ctx: KoaContextWithOIDC, path: string, refusal: EntraRefusal): void {
  if (pagePaths.test(path)) {
    showPage(
      ctx,
      refusal.status,
      'Sign-in failed',
      paragraph(describeRefusal(refusal).error_description, 'alert'),
    );
    return;
  }
  ctx.status = refusal.status;
  ctx.body = describeRefusal(refusal);
}

async function assemble(authority: string, keys: SigningKeys, options: LocalEntraOptions): Promise<Provider> {
  const accounts = createAccounts();
  const { dataDir, proxyRedirectUris } = options;
  const store = createStore(dataDir);
  const provider = await createProvider({ accounts, authority, keys, proxyRedirectUris, store });
  const authenticateClient = createClientAuthentication(options.federatedCredentials ?? []);
  const issuer = { authority, keys, seconds: options.accessTokenSeconds ?? 3600 };
  const endpoints = new Map<string, Endpoint>(
    Object.entries({
      'v2.0/.well-known/openid-configuration': createConfigurationEndpoint(authority),
      'discovery/v2.0/keys': createKeysEndpoint(authority, keys),
      'oauth2/v2.0/authorize': createAuthorizeEndpoint(provider),
      'oauth2/v2.0/authorize/:id': resumeAuthorization,
      'oauth2/v2.0/logout': createLogoutEndpoint(provider),
      'oauth2/v2.0/token': createTokenEndpoint({ accounts, authenticateClient, issuer, provider }),
      'login/:id': createSignInEndpoint(provider, accounts),
    }),
  );
  const answerDevControls = createDevControls(authority, keys, accounts);

  provider.on('authorization.error', (ctx, failure) => ctx.oidc.entity('Failure', failure));
  provider.on('grant.error', (ctx, failure) => ctx.oidc.entity('Failure', failure));
  provider.on('server_error', (_ctx, error) => console.error('local Entra:', error));

  provider.use(async (ctx: KoaContextWithOIDC, next) => {
    if (ctx.path === '/') {
      ctx.body = 'The local Microsoft Entra of entra-mcp, for development on this machine only.\n';
      return;
    }
    const [, tenant = '', path = ''] = /^\/([^/]+)\/(.+)$/.exec(ctx.path) ?? [];
    if (tenant === 'dev') return answerDevControls(ctx, path);
    const endpoint = endpoints.get(path.replace(/^(login|oauth2\/v2\.0\/authorize)\/[\w-]+$/, '$1/:id'));
    if (endpoint === undefined) return;
    try {
      requireTenant(tenant);
      await endpoint(ctx, tenant, next);
    } catch (error) {
      if (!(error instanceof EntraRefusal)) throw error;
      answerRefusal(ctx, path, error);
    }
  });
  return provider;
}

/**
 * Starts the local Microsoft Entra on 127.0.0.1: an OpenID Connect server with Entra's paths, claims and refusals and
 * the directory of `directory.ts`. Rejects with the error of node:net where the port cannot be had (EADDRINUSE).
 */
export async function startLocalEntra(options: LocalEntraOptions): Promise<LocalEntra> {
  const { dataDir } = options;
  const keys = await loadSigningKeys(dataDir === undefined ? undefined : join(dataDir, 'entra-keys.json'));
  const server = createServer();
  const { port, stop } = await listen(server, options.port);
  const authority = options.authority ?? `http://127.0.0.1:${port}`;
  try {
    const answer = (await assemble(authority, keys, options)).callback();
    server.on('request', (request, response) => void answer(request, response));
  } catch (error) {
    await stop();
    throw error;
  }
  return { authority, port, stop };
}
