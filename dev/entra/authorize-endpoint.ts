import { errors } from 'oidc-provider';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { findApplication } from './directory.ts';
import { handOver, readForm } from './hand-over.ts';
import { providerScopes } from './provider.ts';
import { EntraRefusal, describeRefusal, translateFailure } from './refusals.ts';
import { refuseResourceParameter, resolveDelegatedScopes } from './scopes.ts';
import { requireApplicationIn } from './tenancy.ts';
import type { Endpoint } from './tenancy.ts';

/** Where an answer to the client goes. */
interface ReplyAddress {
  readonly redirectUri: string;
  readonly responseMode: string;
  readonly state: string | null;
}

/** Consent is given already, and choosing an account is part of signing in. */
const providerPrompts: Readonly<Record<string, string | undefined>> = {
  consent: '',
  login: 'login',
  none: 'none',
  select_account: 'login',
};

/** Parameters that mean the same to Entra and to oidc-provider. */
const forwardedParameters = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'state',
  'login_hint',
  'code_challenge',
  'code_challenge_method',
];

/** @throws EntraRefusal that must not be redirected: the redirect URI is not known to be the client's. */
async function resolveReplyAddress(
  provider: Provider,
  query: URLSearchParams,
  tenant: string,
): Promise<ReplyAddress> {
  const clientId = query.get('client_id');
  if (clientId === null) throw new EntraRefusal('parameterMissing', 'client_id');
  const app = findApplication(clientId);
  const client = await provider.Client.find(clientId);
  if (app === undefined || client === undefined) throw new EntraRefusal('applicationUnknown', clientId);
  requireApplicationIn(tenant, app);
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!client.redirectUriAllowed(redirectUri)) throw new EntraRefusal('redirectUriUnknown', redirectUri);
  return { redirectUri, responseMode: query.get('response_mode') ?? 'query', state: query.get('state') };
}

/** The request as oidc-provider gets it. */
function translateRequest(query: URLSearchParams): URLSearchParams {
  const required = ['response_type', 'scope'].find((name) => (query.get(name) ?? '') === '');
  if (required !== undefined) throw new EntraRefusal('parameterMissing', required);
  const responseType = query.get('response_type') ?? '';
  if (responseType !== 'code') throw new EntraRefusal('responseTypeUnsupported', responseType);
  const responseMode = query.get('response_mode') ?? 'query';
  if (!['query', 'fragment'].includes(responseMode)) {
    throw new EntraRefusal('responseModeUnsupported', responseMode);
  }
  refuseResourceParameter(query);
  const { openid } = resolveDelegatedScopes(query.get('scope') ?? '');
  const prompt = providerPrompts[query.get('prompt') ?? 'consent'];
  if (prompt === undefined) throw new EntraRefusal('promptUnsupported', query.get('prompt') ?? '');

  const request = new URLSearchParams([...query].filter(([name]) => forwardedParameters.includes(name)));
  const scope: string[] = [providerScopes.always];
  if (openid.includes('openid')) scope.push(providerScopes.openid);
  if (openid.includes('offline_access')) scope.push(providerScopes.offline);
  request.set('scope', scope.join(' '));
  if (prompt !== '') request.set('prompt', prompt);
  const nonce = query.get('nonce');
  if (nonce !== null && openid.includes('openid')) request.set('nonce', nonce);
  return request;
}

function redirectRefusal(ctx: KoaContextWithOIDC, refusal: EntraRefusal, reply: ReplyAddress): void {
  const { error, error_description, error_uri } = describeRefusal(refusal);
  const answer = new URLSearchParams({ error, error_description, error_uri });
  if (reply.state !== null) answer.set('state', reply.state);
  const target = new URL(reply.redirectUri);
  if (reply.responseMode === 'fragment') target.hash = answer.toString();
  else for (const [name, value] of answer) target.searchParams.set(name, value);
  ctx.redirect(target.href);
}

/** Entra does not send `iss` (RFC 9207), and its errors are its own. */
function dressRedirect(ctx: KoaContextWithOIDC): void {
  const target = URL.parse(ctx.response.get('location'));
  if (target === null) return;
  const inFragment = new URLSearchParams(target.hash.slice(1));
  const answer = inFragment.has('iss') ? inFragment : target.searchParams;
  if (!answer.has('iss')) return;
  answer.delete('iss');
  const failure = ctx.oidc.entities.Failure;
  if (failure instanceof errors.OIDCProviderError) {
    const { error, error_description, error_uri } = describeRefusal(translateFailure(failure));
    for (const [name, value] of Object.entries({ error, error_description, error_uri }))
      answer.set(name, value);
  }
  if (answer === inFragment) target.hash = answer.toString();
  ctx.set('location', target.href);
}

/** A refusal of oidc-provider that it would show as a page. */
function throwUnredirected(ctx: KoaContextWithOIDC): void {
  const failure = ctx.oidc.entities.Failure;
  if (!(failure instanceof errors.OIDCProviderError) || ctx.response.get('location') !== '') return;
  throw failure instanceof errors.SessionNotFound
    ? new EntraRefusal('interactionEnded')
    : translateFailure(failure);
}

/** Answers `/{tenant}/oauth2/v2.0/authorize`, GET and POST. */
export function createAuthorizeEndpoint(provider: Provider): Endpoint {
  return async function answerAuthorizationRequest(ctx, tenant, next) {
    const query = ctx.method === 'POST' ? await readForm(ctx) : new URLSearchParams(ctx.querystring);
    if (query === undefined) throw new EntraRefusal('malformed');
    const reply = await resolveReplyAddress(provider, query, tenant);
    try {
      const request = translateRequest(query);
      handOver(ctx, `/${tenant}/oauth2/v2.0`, `/authorize?${request.toString()}`);
    } catch (error) {
      if (!(error instanceof EntraRefusal)) throw error;
      redirectRefusal(ctx, error, reply);
      return;
    }
    await next();
    dressRedirect(ctx);
    throwUnredirected(ctx);
  };
}

/** Answers `/{tenant}/oauth2/v2.0/authorize/{id}`, where a finished sign-in goes on. */
export const resumeAuthorization: Endpoint = async function resumeAuthorization(ctx, tenant, next) {
  const mountPath = `/${tenant}/oauth2/v2.0`;
  handOver(ctx, mountPath, ctx.path.slice(mountPath.length));
  await next();
  dressRedirect(ctx);
  throwUnredirected(ctx);
};
