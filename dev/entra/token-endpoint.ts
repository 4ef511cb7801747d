import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import type { AuthenticateClient } from './client-authentication.ts';
import { apps } from './directory.ts';
import { grantDirectly, readGranted, runGrant } from './grants.ts';
import { readForm } from './hand-over.ts';
import { EntraRefusal } from './refusals.ts';
import { refuseResourceParameter, resolveApplicationScope, resolveDelegatedScopes } from './scopes.ts';
import { isShared, requireApplicationIn } from './tenancy.ts';
import type { Endpoint } from './tenancy.ts';
import { respondToApplication, respondToUser } from './token-response.ts';
import type { DelegatedRequest, TokenIssuer } from './token-response.ts';

export interface TokenEndpointDeps {
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly authenticateClient: AuthenticateClient;
  readonly issuer: TokenIssuer;
}

type GrantType = 'authorization_code' | 'client_credentials' | 'password' | 'refresh_token';

interface TokenRequest {
  readonly grantType: GrantType;
  readonly form: URLSearchParams;
}

function isGrantType(value: string): value is GrantType {
  return ['authorization_code', 'client_credentials', 'password', 'refresh_token'].includes(value);
}

async function readTokenRequest(ctx: KoaContextWithOIDC): Promise<TokenRequest> {
  if (ctx.method !== 'POST') throw new EntraRefusal('methodNotPost');
  const form = await readForm(ctx);
  if (form === undefined) throw new EntraRefusal('malformed');
  if (ctx.get('origin') !== '') throw new EntraRefusal('crossOrigin');
  const grantType = form.get('grant_type');
  if (grantType === null) throw new EntraRefusal('parameterMissing', 'grant_type');
  if (!isGrantType(grantType)) throw new EntraRefusal('grantTypeUnsupported', grantType);
  return { grantType, form };
}

/** One call is for one API, and always says for which: stricter than Entra, which sometimes remembers. */
function resolveDelegatedRequest({ form, grantType }: TokenRequest, clientId: string): DelegatedRequest {
  const scope = form.get('scope') ?? '';
  if (scope === '' && grantType === 'authorization_code') throw new EntraRefusal('scopeEmptyOnCode');
  if (scope === '' && grantType === 'refresh_token')
    throw new EntraRefusal('scopeMissingOnRefresh', clientId);
  const { apis, openid } = resolveDelegatedScopes(scope);
  const [api, second] = apis;
  if (api === undefined || second !== undefined) throw new EntraRefusal('scopeSeveralResources', scope);
  return { ...api, openid };
}

/** Answers `/{tenant}/oauth2/v2.0/token`. */
export function createTokenEndpoint(deps: TokenEndpointDeps): Endpoint {
  const { accounts, authenticateClient, issuer, provider } = deps;
  return async function answerTokenRequest(ctx, tenant, next) {
    ctx.set({ 'cache-control': 'no-store', pragma: 'no-cache' });
    const request = await readTokenRequest(ctx);
    const { form, grantType } = request;
    const client = await authenticateClient(form, ctx.get('authorization') || undefined);
    requireApplicationIn(tenant, client.app);
    refuseResourceParameter(form);
    if (grantType === 'client_credentials') {
      if (client.method === '0') throw new EntraRefusal('credentialMissing');
      if (isShared(tenant)) throw new EntraRefusal('tenantImplied');
      const resource = resolveApplicationScope(form.get('scope') ?? '');
      await runGrant(ctx, next, form, client.app);
      ctx.body = await respondToApplication(issuer, tenant, client, resource);
      return;
    }
    const delegated = resolveDelegatedRequest(request, client.app.id);
    if (grantType === 'password') {
      if (client.app.id !== apps.native.id) throw new EntraRefusal('grantTypeUnsupported', grantType);
      const user = accounts.authenticate(form.get('username') ?? '', form.get('password') ?? '', tenant);
      const granted = await grantDirectly(provider, client.app, user, delegated.openid);
      ctx.body = await respondToUser(issuer, granted, client, delegated);
      return;
    }
    await runGrant(ctx, next, form, client.app);
    ctx.body = await respondToUser(issuer, readGranted(ctx, accounts, tenant), client, delegated);
  };
}
