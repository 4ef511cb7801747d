import { errors } from 'oidc-provider';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import * as z from 'zod';
import type { Accounts } from './accounts.ts';
import type { Application, User } from './directory.ts';
import { handOver } from './hand-over.ts';
import { providerScopes } from './provider.ts';
import { EntraRefusal, translateFailure } from './refusals.ts';
import { admits } from './tenancy.ts';

/** What a user's grant came to, and what goes with the access token. */
export interface Granted {
  readonly user: User;
  readonly nonce?: string | undefined;
  readonly withIdToken: boolean;
  readonly refreshToken?: string | undefined;
}

/** The parameters that oidc-provider needs for a grant; scope and resource stay with us. */
const forwardedParameters = ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'refresh_token'];

const tokenResponse = z.object({ refresh_token: z.string().optional() });

/**
 * Lets oidc-provider decide on a grant of an authenticated client.
 * @throws EntraRefusal in the place of the library's own refusal.
 */
export async function runGrant(
  ctx: KoaContextWithOIDC,
  next: () => Promise<unknown>,
  form: URLSearchParams,
  app: Application,
): Promise<void> {
  const forwarded = new URLSearchParams([...form].filter(([name]) => forwardedParameters.includes(name)));
  forwarded.set('client_id', app.id);
  if (app.secret !== undefined) forwarded.set('client_secret', app.secret);
  handOver(ctx, '', '/token', forwarded);
  await next();
  const failure = ctx.oidc.entities.Failure;
  if (failure instanceof errors.OIDCProviderError) throw translateFailure(failure);
  if (ctx.status !== 200) throw new Error(`oidc-provider answered ${ctx.status}`);
}

/** What was granted by the code or the refresh token that oidc-provider has just accepted. */
export function readGranted(ctx: KoaContextWithOIDC, accounts: Accounts, tenant: string): Granted {
  const { Account, AuthorizationCode, RefreshToken } = ctx.oidc.entities;
  const user = accounts.find(Account?.accountId);
  if (user === undefined) throw new EntraRefusal('accountDisabled');
  if (!admits(tenant, user.tenantId)) throw new EntraRefusal('grantOfOtherTenant', tenant);
  return {
    user,
    nonce: AuthorizationCode?.nonce,
    withIdToken: (AuthorizationCode ?? RefreshToken)?.scopes.has(providerScopes.openid) ?? false,
    refreshToken: tokenResponse.parse(ctx.body).refresh_token,
  };
}

/** What the password grant (RFC 6749 section 4.3) gives to a user whose password was right. */
export async function grantDirectly(
  provider: Provider,
  app: Application,
  user: User,
  openid: readonly string[],
): Promise<Granted> {
  const withIdToken = openid.includes('openid');
  if (!openid.includes('offline_access')) return { user, withIdToken };
  const client = await provider.Client.find(app.id);
  if (client === undefined) throw new Error(`${app.name} is not a client`);
  const grant = new provider.Grant({ accountId: user.oid, clientId: app.id });
  const scope = withIdToken ? `${providerScopes.always} ${providerScopes.openid}` : providerScopes.always;
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const token = new provider.RefreshToken({ accountId: user.oid, client, grantId, gty: 'password', scope });
  return { user, withIdToken, refreshToken: await token.save() };
}
