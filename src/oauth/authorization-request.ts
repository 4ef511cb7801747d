import { AppError } from '../errors.ts';
import type { SignInHints } from './entra-client.ts';
import { mapScopes, type ScopePolicy } from './scopes.ts';

/** Path of the page where a person decides on an authorization request. */
export const consentPath = '/auth/consent';

/** Longest value of a parameter, in characters. It is stored, and some are sent on in a URL. */
const maxValueLength = 2_000;

/**
 * Where the client's `prompt` is kept on the way through oidc-provider, which would act on it itself. Both this and
 * `domain_hint` have to be among oidc-provider's `extraParams`.
 */
const promptParameter = 'upstream_prompt';
export const extraParameters = [promptParameter, 'domain_hint'] as const;

/**
 * What oidc-provider is to see as the client sent it. The parameters of OpenID Connect are not here (`nonce`, `max_age`,
 * `claims`, …): without the scope `openid` it refuses them, and a client that sends them out of habit needs no ID token.
 * `request`, `request_uri` and `registration` are, because to leave them out would change what was asked.
 */
const passedOn = [
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'domain_hint',
  'login_hint',
  'redirect_uri',
  'registration',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'state',
] as const;

/** Values of `prompt` that mean something to a person's sign-in (OpenID Connect Core 1.0 section 3.1.2.1). */
const prompts = ['login', 'consent', 'select_account'];

export interface AuthorizationRequestPolicy extends ScopePolicy {
  /** The URL of the MCP endpoint. */
  readonly resource: string;
}

/** Whether a `resource` (RFC 8707) means the MCP endpoint: a slash at the end and the case of scheme and host do not matter. */
export function isSameResource(value: string, resource: string): boolean {
  const [asked, own] = [URL.parse(value), URL.parse(resource)];
  if (asked === null || own === null || asked.username + asked.password !== '' || /[?#]/.test(value))
    return false;
  const trim = (path: string) => path.replace(/\/$/, '');
  return asked.origin === own.origin && trim(asked.pathname) === trim(own.pathname);
}

function readOne(parameters: URLSearchParams, name: string): string | undefined {
  const [value, another] = parameters.getAll(name);
  if (another !== undefined) {
    // RFC 6749 section 3.1.
    throw new AppError('invalid_request', { detail: `${name} was sent more than once` });
  }
  if (value !== undefined && value.length > maxValueLength) {
    throw new AppError('invalid_request', { detail: `${name} is longer than ${maxValueLength} characters` });
  }
  // RFC 6749 section 3.1: a parameter without a value was not sent.
  return value === '' ? undefined : value;
}

function setPrompt(cleaned: URLSearchParams, prompt: string | undefined): void {
  const values = (prompt ?? '').split(/\s+/);
  if (values.includes('none')) {
    // Nobody is ever signed in silently: oidc-provider tells the client so.
    cleaned.set('prompt', 'none');
    return;
  }
  const known = prompts.filter((value) => values.includes(value));
  if (known.length > 0) cleaned.set(promptParameter, known.join(' '));
}

function setResource(cleaned: URLSearchParams, asked: readonly string[], resource: string): void {
  const values = asked.filter((value) => value !== '');
  if (values.some((value) => value.length > maxValueLength) || values.length > 10) {
    throw new AppError('invalid_request', { detail: 'resource is too long or was sent too often' });
  }
  const own = values.every((value) => isSameResource(value, resource));
  // Another resource is left for oidc-provider to refuse: it knows whether the client may be told by a redirect.
  for (const value of own && values.length > 0 ? [resource] : values) cleaned.append('resource', value);
}

/**
 * A client's authorization request as oidc-provider is to see it: `scope` in short names, `resource` in the canonical
 * form, `prompt` kept aside (see `readHints`), unknown parameters left out.
 * @throws AppError `invalid_request` when a parameter was sent twice or is too long
 */
export function cleanAuthorizationRequest(url: URL, policy: AuthorizationRequestPolicy): URL {
  const asked = url.searchParams;
  const cleaned = new URLSearchParams();
  for (const name of passedOn) {
    const value = readOne(asked, name);
    if (value !== undefined) cleaned.set(name, value);
  }
  // The only mode there is. oidc-provider knows others and would answer in them; this one it does not know.
  if ((cleaned.get('response_mode') ?? 'query') !== 'query') cleaned.set('response_mode', 'unsupported');
  const scopes = mapScopes(readOne(asked, 'scope'), policy);
  if (scopes.length > 0) cleaned.set('scope', scopes.join(' '));
  setPrompt(cleaned, readOne(asked, 'prompt'));
  setResource(cleaned, asked.getAll('resource'), policy.resource);
  const result = new URL(url);
  result.search = cleaned.toString();
  return result;
}

/**
 * What Entra is to be told of the request, from its parameters as oidc-provider keeps them. `prompt` is one or several
 * of `login`, `consent` and `select_account`, separated by blanks; `consent` means this server's consent page, which is
 * then always shown, and need not be asked of Entra again.
 */
export function readHints(parameters: Readonly<Record<string, unknown>>): SignInHints {
  const { [promptParameter]: prompt, login_hint, domain_hint } = parameters;
  return {
    ...(typeof prompt === 'string' && { prompt }),
    ...(typeof login_hint === 'string' && { login_hint }),
    ...(typeof domain_hint === 'string' && { domain_hint }),
  };
}
