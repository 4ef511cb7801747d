import { describe, expect, it } from '@jest/globals';
import { mapScopes } from '../../src/oauth/scopes.ts';

const guid = '11111111-2222-4333-8444-555555555555';
const policy = {
  requiredScopes: ['access_as_user', 'notes.write'],
  audiences: [guid, 'api://entra-mcp', 'https://contoso.com/api/'],
};
const all = policy.requiredScopes;

describe('mapScopes', () => {
  it.each([
    ['nothing', undefined, all],
    ['an empty value', '', all],
    ['one', 'access_as_user', ['access_as_user']],
    ['both, in another order and twice', 'notes.write access_as_user notes.write', all],
    ['a full name', 'api://entra-mcp/access_as_user', ['access_as_user']],
    ['a full name in another case', 'API://Entra-MCP/access_as_user', ['access_as_user']],
    ['a full name by GUID', `${guid}/notes.write`, ['notes.write']],
    ['a full name by a URI that ends in a slash', 'https://contoso.com/api/notes.write', ['notes.write']],
    ['the default of the API', 'api://entra-mcp/.default', all],
    ['the default by itself, with a name', '.default access_as_user', all],
    ['names of OpenID Connect alone', 'openid profile email offline_access', all],
    ['a name of the client’s own', 'claudeai', all],
    ['a name of the client’s own and one of ours', 'claudeai  access_as_user', ['access_as_user']],
    ['another API’s full name', 'api://other/access_as_user https://graph.microsoft.com/User.Read', all],
    ['a name that only begins like ours', 'access_as_user2 api://entra-mcpaccess_as_user', all],
  ])('takes %s (%j) for %j', (_what, scope, expected) => {
    expect(mapScopes(scope, policy)).toEqual(expected);
  });

  it('is empty where the server requires none', () => {
    expect(mapScopes('access_as_user', { requiredScopes: [], audiences: [] })).toEqual([]);
  });
});
