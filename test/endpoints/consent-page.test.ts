import { describe, expect, it } from '@jest/globals';
import { renderConsent } from '../../src/endpoints/consent-page.ts';
import type { SignInRequest } from '../../src/oauth/authorization-server.ts';

async function render(client: SignInRequest['client'], scopes: readonly string[] = ['access_as_user']) {
  const page = await renderConsent({
    request: { id: 'r', client, redirectUri: 'http://localhost:3118/callback', scopes, hints: {} },
    server: { title: 'Test server', publicBaseUrl: 'https://mcp.example.com' },
    field: 'f',
    offersToRemember: false,
  });
  return page.toString();
}

describe('who is asking, on the consent page', () => {
  it('is told of a published document by the host that publishes it', async () => {
    const id = 'https://claude.ai/oauth/claude-code-client-metadata';
    const page = await render({ id, name: 'Claude Code', kind: 'document' });
    expect(page).toContain(`<strong>claude.ai</strong> publishes it: <code>${id}</code>`);
    expect(page).not.toContain('Nobody vouches');
  });

  it('is told of a client that the operator listed by its id', async () => {
    const page = await render({ id: 'my-agent', kind: 'listed' });
    expect(page).toContain('Whoever runs this server listed it: <code>my-agent</code>');
    expect(page).toContain('<bdi>An application without a name</bdi>');
  });

  it('says plainly that a registered client chose its name', async () => {
    expect(await render({ id: 'x', name: 'Microsoft', kind: 'registered' })).toContain(
      '<strong>Nobody vouches for it.</strong>',
    );
  });
});

describe('what it may do, on the consent page', () => {
  it('is told in words, beside the name, or by the name where there are no words', async () => {
    const page = await render({ id: 'x', kind: 'registered' }, ['access_as_user', 'Files.Read']);
    expect(page).toMatch(/Use the tools of this server as you[^<]*<code>access_as_user<\/code>/);
    expect(page).toMatch(/Use this permission in your name:\s*<code>Files\.Read<\/code>/);
  });
});
