import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { renderConsent } from '../../src/endpoints/consent-page.ts';
import { renderLogin } from '../../src/endpoints/login-page.ts';
import { createErrorPage } from '../../src/http/error-page.ts';
import { createPage } from '../../src/http/html.ts';
import type { SignInRequest } from '../../src/oauth/interactions.ts';
import { testPrincipal } from '../support/guarded.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, textOf } from './arbitraries.ts';

const pieces = [
  '<script>',
  '</bdi>',
  '</code>',
  '<',
  '>',
  '"',
  "'",
  '&',
  '&lt;',
  '&#60;',
  '<!--',
  ']]>',
  '</title>',
  '`',
  ' onerror=',
  '/>',
];
const markup = fc.oneof(textOf(pieces), anyText).map((text) => `x${text.toWellFormed()}`);

/** A page without its texts and the values of its attributes: what no text of a stranger's may change. */
function skeletonOf(page: string): string {
  return page.replace(/="[^"]*"/g, '=""').replace(/>[^<]*</g, '><');
}

function unescape(text: string): string {
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' } as const;
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity as keyof typeof entities]);
}

async function renderConsentPage(name: string, id: string, field: string): Promise<string> {
  const request: SignInRequest = {
    id,
    client: { id: 'client', name, kind: 'registered' },
    redirectUri: 'https://client.example/cb',
    scopes: ['access_as_user'],
    hints: {},
  };
  const server = { title: name, publicBaseUrl: 'https://mcp.example.com' };
  const body = renderConsent({ request, server, field, offersToRemember: true });
  return (await createPage({ title: name, body })).text();
}

describe('a page', () => {
  it('S14: shows a client’s name as the text that it is, and has no other tag or attribute for it', () =>
    expectToHold(
      fc.asyncProperty(markup, markup, markup, async (name, id, field) => {
        const page = await renderConsentPage(name, id, field);
        const [, shown = ''] = /<h1>Allow <bdi>([^<]*)<\/bdi>/.exec(page) ?? [];
        const isSame = skeletonOf(page) === skeletonOf(await renderConsentPage('n', 'i', 'f'));
        return isSame && unescape(shown) === name;
      }),
      { cost: 10 },
    ));

  it('has the same tags whoever is signed in, and whatever went wrong', () =>
    expectToHold(
      fc.asyncProperty(markup, markup, async (name, detail) => {
        const server = { title: 'Server', publicBaseUrl: 'https://mcp.example.com' };
        const renderBoth = async (text: string, code: string) => {
          const principal = { ...testPrincipal, name: text, username: text };
          const body = renderLogin({ token: code, principal, server, field: text });
          const login = await createPage({ title: 'Title', body });
          const error = await createErrorPage({ status: 400, message: text, requestId: 'id', detail: code });
          return skeletonOf((await login.text()) + (await error.text()));
        };
        return (await renderBoth(name, detail)) === (await renderBoth('n', 'd'));
      }),
      { cost: 10 },
    ));
});
