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

function createCursorConfig(name: string, url: string): string {
  const headers = { Authorization: 'Bearer ${env:MCP_TOKEN}' };
  return toJson({ mcpServers: { [name]: { url, headers } } });
}

/** Guides for the clients that people use, with this server's name and URL filled in. */
export function createClientGuides(name: string, url: string): readonly ClientGuide[] {
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
      steps: html`In <code>.cursor/mcp.json</code> of a project, or in <code>~/.cursor/mcp.json</code> for
        all.`,
      snippet: createCursorConfig(name, url),
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
