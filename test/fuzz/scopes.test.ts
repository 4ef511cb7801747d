import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { requireAny, splitScopes } from '../../src/auth/scopes.ts';
import { AppError } from '../../src/errors.ts';
import { mapScopes } from '../../src/oauth/scopes.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, textOf } from './arbitraries.ts';

const guid = '11111111-2222-4333-8444-555555555555';
const audiences = [guid, 'api://entra-mcp', 'https://contoso.com/api/'];
const requiredScopes = ['access_as_user', 'notes.write'];
const policy = { requiredScopes, audiences };

const pieces = [
  ...requiredScopes,
  ...audiences,
  '/',
  ' ',
  '  ',
  '\t',
  '.default',
  'openid',
  'API://ENTRA-MCP/',
  '2',
  ',',
];
const anyScope = fc.oneof(textOf(pieces), anyText);
const name = fc.stringMatching(/^[A-Za-z][\w.]{0,12}$/);

describe('a scope that a client asks for', () => {
  it('becomes scopes of this server, in its own order, and never none', () =>
    expectToHold(
      fc.property(anyScope, (scope) => {
        const mapped = mapScopes(scope, policy);
        const inOrder = requiredScopes.filter((one) => mapped.includes(one));
        return mapped.length > 0 && mapped.join() === inOrder.join();
      }),
    ));

  it('is the same when it is mapped again', () =>
    expectToHold(
      fc.property(anyScope, (scope) => {
        const mapped = mapScopes(scope, policy);
        return mapScopes(mapped.join(' '), policy).join() === mapped.join();
      }),
    ));

  it('means the same by its short name and by its full one, under every name of the API', () =>
    expectToHold(
      fc.property(
        fc.constantFrom(...audiences),
        fc.constantFrom(...requiredScopes),
        anyScope,
        (audience, scope, others) => {
          const full = `${audience.replace(/\/$/, '')}/${scope}`;
          return (
            mapScopes(`${full} ${others}`, policy).join() === mapScopes(`${scope} ${others}`, policy).join()
          );
        },
      ),
    ));
});

describe('the scopes of a token', () => {
  it('are those that were joined', () =>
    expectToHold(
      fc.property(fc.array(name), (scopes) => splitScopes(scopes.join(' ')).join() === scopes.join()),
    ));

  it('permit what is named in full, and nothing that only looks like it', () =>
    expectToHold(
      fc.property(anyScope, (claim) => {
        const held = claim.split(' ').some((one) => one === 'access_as_user');
        try {
          requireAny(splitScopes(claim), ['access_as_user'], 'missing_scope');
          return held;
        } catch (error) {
          return !held && error instanceof AppError && error.code === 'missing_scope';
        }
      }),
    ));
});
