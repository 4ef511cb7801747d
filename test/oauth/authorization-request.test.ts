import { describe, expect, it } from '@jest/globals';
import {
  cleanAuthorizationRequest,
  extraParameters,
  isSameResource,
  readHints,
} from '../../src/oauth/authorization-request.ts';

const resource = 'https://server.example/mcp';
const policy = { requiredScopes: ['access_as_user'], audiences: ['api://entra-mcp'], resource };

function clean(query: string): Record<string, string[]> {
  const url = cleanAuthorizationRequest(new URL(`https://server.example/auth/authorize?${query}`), policy);
  expect(url.origin + url.pathname).toBe('https://server.example/auth/authorize');
  const parameters: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) parameters[name] = [...(parameters[name] ?? []), value];
  return parameters;
}

describe('cleanAuthorizationRequest', () => {
  it('leaves what oidc-provider decides on as it is', () => {
    const sent = {
      response_type: 'code',
      client_id: 'https://client.example/c?v=1&w=2',
      redirect_uri: 'http://localhost:5000/cb?x=1+2',
      state: 'a b+c%20/=',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'plain',
      response_mode: 'query',
      request: 'eyJ',
      request_uri: 'urn:x',
      registration: '{}',
    };
    const expected = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, [value]]));
    expect(clean(new URLSearchParams(sent).toString())).toEqual({ ...expected, scope: ['access_as_user'] });
  });

  it.each(['form_post', 'fragment', 'jwt', 'anything'])('asks for no mode but query (%s)', (mode) => {
    expect(clean(`response_mode=${mode}`).response_mode).toEqual(['unsupported']);
  });

  it('drops what is refused without openid, what is unknown and what is empty', () => {
    const query =
      'nonce=n&max_age=0&acr_values=1&claims={}&claims_locales=en&id_token_hint=x&display=page&foo=1&foo=2&state=&upstream_prompt=login';
    expect(clean(query)).toEqual({ scope: ['access_as_user'] });
  });

  it.each([
    ['scope=claudeai', 'access_as_user'],
    ['scope=api%3A%2F%2Fentra-mcp%2Faccess_as_user+offline_access', 'access_as_user'],
  ])('maps %s', (query, scope) => expect(clean(query).scope).toEqual([scope]));

  it('asks for no scope where the server has none', () => {
    const url = new URL('https://server.example/auth/authorize?scope=x');
    expect(cleanAuthorizationRequest(url, { ...policy, requiredScopes: [] }).search).toBe('');
  });

  it.each([
    ['login', { upstream_prompt: ['login'] }],
    ['consent', { upstream_prompt: ['consent'] }],
    ['select_account  login', { upstream_prompt: ['login select_account'] }],
    ['create', {}],
    ['none', { prompt: ['none'] }],
  ])('keeps prompt=%s aside, except none', (prompt, expected) => {
    expect(clean(`prompt=${prompt}`)).toEqual({ scope: ['access_as_user'], ...expected });
  });

  it.each([
    ['resource=https://server.example/mcp', [resource]],
    ['resource=HTTPS://Server.Example:443/mcp/', [resource]],
    ['resource=https://server.example/mcp&resource=https://server.example/mcp/', [resource]],
    ['resource=', undefined],
    ['', undefined],
    ['resource=https://other.example/mcp', ['https://other.example/mcp']],
    [
      'resource=https://server.example/mcp/&resource=https://other.example/',
      ['https://server.example/mcp/', 'https://other.example/'],
    ],
  ])('S8: makes one canonical resource of %s, or leaves it to be refused', (query, expected) => {
    expect(clean(query).resource).toEqual(expected);
  });

  it.each(['client_id', 'redirect_uri', 'state', 'scope', 'code_challenge', 'prompt', 'login_hint'])(
    'refuses a second %s',
    (name) => {
      expect(() => clean(`${name}=a&${name}=b`)).toThrow(
        expect.objectContaining({ code: 'invalid_request', detail: `${name} was sent more than once` }),
      );
    },
  );

  it('refuses values of more than 2,000 characters, and more than 10 resources', () => {
    const long = 'x'.repeat(2_000);
    expect(clean(`state=${long}`).state).toEqual([long]);
    for (const name of ['state', 'client_id', 'redirect_uri', 'scope', 'prompt', 'login_hint', 'resource']) {
      expect(() => clean(`${name}=${long}y`)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
    expect(() => clean('resource=a&'.repeat(11))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});

describe('isSameResource', () => {
  it.each(['https://server.example/mcp', 'https://server.example/mcp/', 'HTTPS://SERVER.example/mcp'])(
    'S8: takes %s',
    (value) => expect(isSameResource(value, resource)).toBe(true),
  );

  it.each([
    'https://server.example',
    'https://server.example/MCP',
    'https://server.example/mcp/x',
    'https://server.example/mcp//',
    'https://server.example/mcp?x=1',
    'https://server.example/mcp#',
    'https://user@server.example/mcp',
    'https://server.example:8443/mcp',
    'http://server.example/mcp',
    'https://server.example.evil.example/mcp',
    'mcp',
    '',
  ])('S8: takes no %s', (value) => expect(isSameResource(value, resource)).toBe(false));
});

describe('readHints', () => {
  it('reads back what a cleaned request keeps for Entra', () => {
    const asked = clean('prompt=consent+login&login_hint=ada@contoso.com&domain_hint=contoso.com');
    const kept = Object.fromEntries(Object.entries(asked).map(([name, [value]]) => [name, value]));
    expect(readHints(kept)).toEqual({
      prompt: 'login consent',
      login_hint: 'ada@contoso.com',
      domain_hint: 'contoso.com',
    });
    expect(readHints({ prompt: 'none', login_hint: undefined })).toEqual({});
    expect(extraParameters).toEqual(['upstream_prompt', 'domain_hint']);
  });
});
