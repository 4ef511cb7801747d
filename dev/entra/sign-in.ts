import { errors } from 'oidc-provider';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import { clients, findApplication, users } from './directory.ts';
import type { User } from './directory.ts';
import { readForm } from './hand-over.ts';
import { paragraph, renderSignInForm, showPage } from './pages.ts';
import { sessionCookie } from './provider.ts';
import { EntraRefusal } from './refusals.ts';
import { admits } from './tenancy.ts';
import type { Endpoint } from './tenancy.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

interface FailedAttempt {
  readonly username: string;
  readonly problem: string;
}

async function findInteraction(ctx: KoaContextWithOIDC, provider: Provider): Promise<Interaction> {
  try {
    return await provider.interactionDetails(ctx.req, ctx.res);
  } catch (error) {
    throw error instanceof errors.SessionNotFound ? new EntraRefusal('interactionEnded') : error;
  }
}

/** oidc-provider would end another account's session through a page that needs script; Entra just changes it. */
async function changeAccount(provider: Provider, interaction: Interaction, user: User): Promise<void> {
  const uid = interaction.session?.uid;
  const session = uid === undefined ? undefined : await provider.Session.findByUid(uid);
  if (session?.accountId === undefined || session.accountId === user.oid) return;
  session.authorizations = {};
  session.loginAccount({ accountId: user.oid });
  await session.persist();
}

function showForm(
  ctx: KoaContextWithOIDC,
  tenant: string,
  interaction: Interaction,
  failed?: FailedAttempt,
): void {
  const { client_id: clientId, login_hint: hint } = interaction.params;
  const form = renderSignInForm({
    applicationName: findApplication(String(clientId))?.name ?? '',
    accounts: Object.values(users).filter(({ tenantId }) => admits(tenant, tenantId)),
    chosen: failed?.username ?? (typeof hint === 'string' ? hint : undefined),
    ...(failed !== undefined && { problem: failed.problem }),
  });
  showPage(ctx, 200, 'Sign in', form);
}

/** Answers `/{tenant}/login/{id}`: the form, and what is posted from it. A failed attempt shows the form again. */
export function createSignInEndpoint(provider: Provider, accounts: Accounts): Endpoint {
  return async function answerSignIn(ctx, tenant) {
    const interaction = await findInteraction(ctx, provider);
    if (ctx.method !== 'POST') {
      showForm(ctx, tenant, interaction);
      return;
    }
    const form = await readForm(ctx);
    if (form === undefined) throw new EntraRefusal('malformed');
    ctx.status = 303;
    if (form.get('action') === 'cancel') {
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, { error: 'access_denied' }));
      return;
    }
    const username = form.get('username') ?? '';
    try {
      const user = accounts.authenticate(username, form.get('password') ?? '', tenant);
      const result = { login: { accountId: user.oid } };
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
      await changeAccount(provider, interaction, user);
    } catch (error) {
      if (!(error instanceof EntraRefusal)) throw error;
      showForm(ctx, tenant, interaction, { username, problem: error.message });
    }
  };
}

/** Answers `/{tenant}/oauth2/v2.0/logout`: ends the session and goes back to a registered address, if one is given. */
export function createLogoutEndpoint(provider: Provider): Endpoint {
  return async function answerLogout(ctx) {
    const session = await provider.Session.get(ctx);
    if (session.accountId !== undefined) await session.destroy();
    ctx.cookies.set(sessionCookie, null);
    const query = new URLSearchParams(ctx.querystring);
    const target = query.get('post_logout_redirect_uri');
    const registered = await Promise.all(clients.map(({ id }) => provider.Client.find(id)));
    if (target === null || !registered.some((client) => client?.redirectUriAllowed(target))) {
      showPage(ctx, 200, 'Signed out', paragraph('You signed out of the local Entra.'));
      return;
    }
    const url = new URL(target);
    const state = query.get('state');
    if (state !== null) url.searchParams.set('state', state);
    ctx.redirect(url.href);
  };
}
