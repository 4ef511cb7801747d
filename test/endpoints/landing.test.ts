import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import { createLandingEndpoint } from '../../src/endpoints/landing.ts';
import { tools } from '../../src/mcp/tools/index.ts';
import { guardForTest } from '../support/guarded.ts';
import { siteIdentity, siteUrl, startSite, type Site } from '../support/site.ts';

function createLanding({
  signIn = true,
  ...changes
}: Partial<typeof siteIdentity> & { signIn?: boolean } = {}) {
  return createLandingEndpoint({
    publicBaseUrl: 'https://mcp.example.com',
    identity: { ...siteIdentity, ...changes },
    tools,
    signIn,
  });
}

async function readPage(options: Parameters<typeof createLanding>[0] = {}): Promise<string> {
  return (await guardForTest(createLanding(options)).send()).text();
}

async function readSnippets(options: Parameters<typeof createLanding>[0] = {}): Promise<string[]> {
  const page = await readPage(options);
  return [...page.matchAll(/<pre[^>]*><code>(.*?)<\/code><\/pre>/gs)].map(([, text = '']) =>
    text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'),
  );
}

describe('GET /', () => {
  it('gives the MCP URL first, from configuration', async () => {
    expect((await readSnippets())[0]).toBe('https://mcp.example.com/mcp');
  });

  it('gives every client the URL and nothing else', async () => {
    const [address, ...snippets] = await readSnippets();
    const url = 'https://mcp.example.com/mcp';
    expect(address).toBe(url);
    expect(snippets.map((snippet) => snippet.replaceAll(' \\\n  ', ' '))).toEqual([
      JSON.stringify({ servers: { 'test-server': { type: 'http', url } } }, null, 2),
      `claude mcp add --transport http test-server ${url}`,
      JSON.stringify({ mcpServers: { 'test-server': { url } } }, null, 2),
      `codex mcp add test-server --url ${url}\ncodex mcp login test-server`,
      `gemini mcp add --transport http test-server ${url}`,
      'npx --yes @modelcontextprotocol/inspector@2',
    ]);
    const clients = [...(await readPage()).matchAll(/<h3>(.*?)<\/h3>/g)].map(([, name]) => name);
    expect(clients).toEqual(
      expect.arrayContaining([
        'VS Code',
        'Claude',
        'Claude Code',
        'Cursor',
        'Codex',
        'Gemini CLI',
        'ChatGPT',
        'MCP Inspector',
      ]),
    );
  });

  it('offers to sign in', async () => {
    expect(await readPage()).toContain(
      '<a class="button" href="https://mcp.example.com/auth/login">Sign in</a>',
    );
    expect(await readPage({ signIn: false })).not.toContain('/auth/login');
  });

  it('lists every tool and what it does to data', async () => {
    const page = await readPage();
    const listed = [...page.matchAll(/<dt><code>(\w+)<\/code> <span class="quiet">([\w-]+)</g)];
    expect(listed.map(([, name]) => name)).toEqual(tools.map((tool) => tool.name));
    expect(Object.fromEntries(listed.map(([, name, effect]) => [name, effect]))).toMatchObject({
      add: 'read-only',
      save_user_note: 'writes',
      delete_user_note: 'destructive',
    });
  });

  it.each([true, false])('links only to this server, and loads nothing; sign-in: %s', async (signIn) => {
    const page = await readPage({ signIn });
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    expect(new Set(links)).toEqual(
      new Set([
        '/docs',
        '/openapi.json',
        '/health',
        '/.well-known/oauth-protected-resource/mcp',
        // Under the one name that the cookies of a sign-in are for.
        ...(signIn ? ['https://mcp.example.com/auth/login'] : []),
      ]),
    );
    expect(page).not.toMatch(/<script|<link|<img|\ssrc=|@import|url\(|\son\w+=/);
  });

  it('renders a name with markup in it as text', async () => {
    const page = await readPage({ title: '<script>alert(1)</script>', name: '"><img src=x>' });
    expect(page).toContain('<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>');
    expect(page).not.toMatch(/<script|<img/);
  });
});

describe('GET / of a server that signs nobody in', () => {
  it('gives configuration files that are JSON and name the server and its URL', async () => {
    const files = (await readSnippets({ signIn: false })).filter((snippet) => snippet.startsWith('{'));
    expect(files.map((file) => JSON.parse(file) as unknown)).toEqual([
      {
        inputs: [expect.objectContaining({ id: 'mcp-token', password: true })],
        servers: {
          'test-server': {
            type: 'http',
            url: 'https://mcp.example.com/mcp',
            headers: { Authorization: 'Bearer ${input:mcp-token}' },
          },
        },
      },
      {
        mcpServers: {
          'test-server': {
            url: 'https://mcp.example.com/mcp',
            headers: { Authorization: 'Bearer ${env:MCP_TOKEN}' },
          },
        },
      },
    ]);
  });

  it('gives commands that are one shell command each', async () => {
    const commands = (await readSnippets({ signIn: false })).filter((snippet) =>
      snippet.includes('$MCP_TOKEN'),
    );
    expect(commands.map((command) => command.replaceAll(' \\\n  ', ' '))).toEqual([
      'claude mcp add --transport http test-server https://mcp.example.com/mcp --header "Authorization: Bearer $MCP_TOKEN"',
      'npx --yes @modelcontextprotocol/inspector@2 --cli https://mcp.example.com/mcp --transport http --method tools/list --header "Authorization: Bearer $MCP_TOKEN"',
      `curl https://mcp.example.com/mcp -H "Authorization: Bearer $MCP_TOKEN" -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`,
    ]);
  });
});

describe('GET / in a browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site.stop());

  it.each(['light', 'dark'] as const)('has no fault that axe finds, in %s', async (colorScheme) => {
    const { page, complaints, origins } = await site.visit('/', { colorScheme });
    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
    expect(violations).toEqual([]);
    expect(passes.map((rule) => rule.id)).toEqual(
      expect.arrayContaining(['color-contrast', 'html-has-lang', 'landmark-one-main', 'region']),
    );
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([siteUrl]);
  });

  it('is styled: its Content-Security-Policy lets its own style in', async () => {
    const { page } = await site.visit('/');
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('736px');
  });

  it('fits a screen of 320 pixels', async () => {
    const { page } = await site.visit('/', { viewport: { width: 320, height: 640 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });
});
