import { html } from 'hono/html';
import type { Html } from '../http/html.ts';
import { createVsCodeConfig } from './vs-code-config.ts';

/** How one MCP client is connected. */
interface ClientGuide {
  readonly client: string;
  readonly steps: Html;
  readonly snippet?: string;
}

const bearer = 'Authorization: Bearer $MCP_TOKEN';

/** One shell command on several lines. */
function joinLines(...lines: readonly string[]): string {
  return lines.join(' \\\n  ');
}

function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

const cursorFile = html`In <code>.cursor/mcp.json</code> of a project, or in
  <code>~/.cursor/mcp.json</code> for all.`;

/** The server takes tokens that somebody else gives. */
function createTokenGuides(name: string, url: string): readonly ClientGuide[] {
  const headers = { Authorization: 'Bearer ${env:MCP_TOKEN}' };
  return [
    {
      client: 'VS Code',
      steps: html`In <code>.vscode/mcp.json</code>. VS Code asks for the token once and keeps it. It can also
        sign you in to Microsoft Entra by itself: leave <code>inputs</code> and <code>headers</code> out.`,
      snippet: toJson(createVsCodeConfig(name, url, { asksForToken: true })),
    },
    {
      client: 'Claude Code',
      steps: html`In a terminal; <code>/mcp</code> inside Claude Code then shows the connection.`,
      snippet: joinLines(`claude mcp add --transport http ${name}`, url, `--header "${bearer}"`),
    },
    {
      client: 'Cursor',
      steps: cursorFile,
      snippet: toJson({ mcpServers: { [name]: { url, headers } } }),
    },
    {
      client: 'Claude and ChatGPT',
      steps: html`In the settings, add a custom connector and give it the MCP URL. These two register
        themselves with the authorization server, which Microsoft Entra does not allow: they can connect only
        where this server's <a href="/.well-known/oauth-protected-resource/mcp">metadata</a> names one that
        does.`,
    },
    {
      client: 'MCP Inspector',
      steps: html`Lists the tools in a terminal; without arguments it opens in the browser.`,
      snippet: joinLines(
        `npx --yes @modelcontextprotocol/inspector@2 --cli ${url}`,
        '--transport http --method tools/list',
        `--header "${bearer}"`,
      ),
    },
    {
      client: 'curl',
      steps: html`One request is a whole conversation: this server keeps no sessions.`,
      snippet: joinLines(
        `curl ${url}`,
        `-H "${bearer}"`,
        '-H "Content-Type: application/json"',
        '-H "Accept: application/json, text/event-stream"',
        `-d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`,
      ),
    },
  ];
}

/** The server signs people in: whoever knows the URL can connect. */
function createUrlGuides(name: string, url: string): readonly ClientGuide[] {
  return [
    {
      client: 'VS Code',
      steps: html`In <code>.vscode/mcp.json</code>, or by the command <em>MCP: Add Server</em>.`,
      snippet: toJson(createVsCodeConfig(name, url, { asksForToken: false })),
    },
    {
      client: 'Claude',
      steps: html`On the web, on the desktop and on the phone: Settings, Connectors,
        <em>Add custom connector</em>, with the MCP URL.`,
    },
    {
      client: 'Claude Code',
      steps: html`In a terminal; <code>/mcp</code> inside Claude Code then signs you in.`,
      snippet: joinLines(`claude mcp add --transport http ${name}`, url),
    },
    {
      client: 'Cursor',
      steps: cursorFile,
      snippet: toJson({ mcpServers: { [name]: { url } } }),
    },
    {
      client: 'Codex',
      steps: html`In a terminal: the second line signs you in.`,
      snippet: `codex mcp add ${name} --url ${url}\ncodex mcp login ${name}`,
    },
    {
      client: 'Gemini CLI',
      steps: html`In a terminal; <code>/mcp auth ${name}</code> inside Gemini CLI then signs you in.`,
      snippet: joinLines(`gemini mcp add --transport http ${name}`, url),
    },
    {
      client: 'ChatGPT',
      steps: html`Settings, Connectors, <em>Create</em> (in developer mode), with the MCP URL and OAuth.`,
    },
    {
      client: 'MCP Inspector',
      steps: html`Opens in the browser; <em>Connect</em> there signs you in.`,
      snippet: 'npx --yes @modelcontextprotocol/inspector@2',
    },
    {
      client: 'Anything else',
      steps: html`Any client with an MCP SDK finds out by itself how to sign in. One that cannot takes a token
        from <a href="${new URL('/auth/login', url).href}">your sign-in</a>.`,
    },
  ];
}

/** Guides for the clients that people use, with this server's name and URL filled in. */
export function createClientGuides(
  name: string,
  url: string,
  { signIn }: { readonly signIn: boolean },
): readonly ClientGuide[] {
  return signIn ? createUrlGuides(name, url) : createTokenGuides(name, url);
}
