import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import {
  cleanAuthorizationRequest,
  isSameResource,
  readHints,
} from '../../src/oauth/authorization-request.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, textOf } from './arbitraries.ts';
import { authorizationParameters } from './authorization-parameters.ts';
import { anyUri } from './uris.ts';

const resource = 'https://server.example/mcp';
const requiredScopes = ['access_as_user', 'notes.write'];
const policy = { requiredScopes, audiences: ['api://entra-mcp'], resource };
const anyScope = textOf([...requiredScopes, 'api://entra-mcp/', ' ', 'openid', '.default']);

/** What oidc-provider is to see; everything else stays outside. */
const passed = [...authorizationParameters, 'upstream_prompt', 'domain_hint', 'login_hint'];
const parameterNames = [...passed, 'nonce', 'claims', '__proto__'];
const parameterValue = fc.oneof(
  fc.constantFrom(
    'code',
    'query',
    'form_post',
    'login',
    'none consent',
    'none',
    resource,
    `${resource}/`,
    '',
  ),
  anyScope,
  anyUri,
);
const parameters = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...parameterNames), anyText), parameterValue), {
  maxLength: 12,
});

/** The request as oidc-provider sees it; undefined where it is refused. */
function clean(sent: readonly (readonly [string, string])[]): URL | undefined {
  const url = new URL('https://server.example/auth/authorize');
  for (const [key, value] of sent) url.searchParams.append(key, value);
  try {
    return cleanAuthorizationRequest(url, policy);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_request') return undefined;
    throw error;
  }
}

describe('an authorization request', () => {
  it('reaches the provider with known parameters, each once but the resource, and the values that were sent', () =>
    expectToHold(
      fc.property(parameters, (sent) => {
        const url = clean(sent);
        if (url === undefined) return true;
        const names = [...url.searchParams.keys()].filter((key) => key !== 'resource');
        const isKnown = names.every((key) => passed.includes(key)) && new Set(names).size === names.length;
        const isSame = ['client_id', 'redirect_uri', 'state', 'code_challenge'].every((key) => {
          const [, value] = sent.find(([given]) => given === key) ?? [];
          return (url.searchParams.get(key) ?? '') === (value ?? '').toWellFormed();
        });
        return isKnown && isSame && url.origin + url.pathname === 'https://server.example/auth/authorize';
      }),
    ));

  it('is refused where a parameter that is passed on came twice', () =>
    expectToHold(
      fc.property(
        parameters,
        fc.constantFrom('client_id', 'redirect_uri', 'state', 'scope', 'prompt'),
        (sent, name) => {
          const twice = [...sent, [name, 'a'], [name, 'b']] as const;
          return clean(twice) === undefined;
        },
      ),
    ));

  it('asks for this server’s scopes, and for its resource or one that is refused', () =>
    expectToHold(
      fc.property(parameters, (sent) => {
        const url = clean(sent);
        if (url === undefined) return true;
        const scopes = (url.searchParams.get('scope') ?? '').split(' ');
        const asked = sent.filter(([key, value]) => key === 'resource' && value !== '');
        const isOwn = asked.every(([, value]) => isSameResource(value, resource));
        const expected = isOwn
          ? asked.slice(0, 1).map(() => resource)
          : asked.map(([, value]) => value.toWellFormed());
        return (
          scopes.every((scope) => requiredScopes.includes(scope)) &&
          url.searchParams.getAll('resource').join('\n') === expected.join('\n')
        );
      }),
    ));

  it('tells Entra of no prompt but three, and never to sign in silently', () =>
    expectToHold(
      fc.property(parameters, (sent) => {
        const url = clean(sent);
        const { prompt = 'login' } = readHints(Object.fromEntries(url?.searchParams ?? []));
        return prompt.split(' ').every((one) => ['login', 'consent', 'select_account'].includes(one));
      }),
    ));
});

const nearResource = fc
  .tuple(
    fc.constantFrom('https://', 'HTTPS://', 'http://', 'https:/', '//'),
    fc.constantFrom('', '', 'user@', '@', 'server.example@'),
    fc.constantFrom(
      'server.example',
      'SERVER.example',
      'server.example.',
      'server.example.evil.example',
      'evil.example',
    ),
    fc.constantFrom('', '', ':443', ':8443', ':'),
    fc.constantFrom('/mcp', '/mcp/', '/mcp//', '/MCP', '/x/../mcp', '/%6dcp', '/mcp/x', ''),
    fc.constantFrom('', '', '?', '#', '?x=1'),
  )
  .map((parts) => parts.join(''));

describe('the resource of a token', () => {
  it('is the MCP endpoint only where a URL parser finds its very origin and path, and no user', () =>
    expectToHold(
      fc.property(fc.oneof(nearResource, anyUri), (value) => {
        if (!isSameResource(value, resource)) return true;
        const { href, username, password } = new URL(value);
        return href.replace(/\/$/, '') === resource && username + password === '' && !/[?#]/.test(value);
      }),
    ));
});
