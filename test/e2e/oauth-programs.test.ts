import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import * as z from 'zod';
import { users } from '../../dev/entra/directory.ts';
import { findFreePort } from '../../dev/ports.ts';
import { conformanceCli } from '../conformance/suite.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { registerClient } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { startSignInBrowser, type SignInBrowser } from '../support/sign-in-browser.ts';

const mcpRemote = resolve(import.meta.dirname, '../../node_modules/mcp-remote/dist/proxy.js');

let browser: SignInBrowser;
let server: TestServer;
let folder: string;

beforeAll(async () => {
  [browser, server] = await Promise.all([startSignInBrowser(), startProxyServer()]);
  folder = mkdtempSync(join(tmpdir(), 'oauth-programs-'));
});
afterAll(async () => {
  await Promise.all([browser.stop(), server.stop()]);
  rmSync(folder, { recursive: true });
});

/** The authorization URL that a program prints for its person. Reads on for ever: a full pipe would stop the program. */
function findPrintedUrl(output: Readable): Promise<string> {
  let text = '';
  return new Promise((found, notFound) => {
    output.on('data', (chunk) => {
      text += String(chunk);
      const [url] = new RegExp(`${server.url}/auth/authorize\\?\\S+(?=\\s)`).exec(text) ?? [];
      if (url !== undefined) found(url);
    });
    output.on('end', () => notFound(new Error(`no authorization URL in: ${text}`)));
  });
}

describe('mcp-remote', () => {
  /** Its browser cannot be opened: no program that could is on the PATH. */
  function startMcpRemote(): StdioClientTransport {
    return new StdioClientTransport({
      command: process.execPath,
      args: [mcpRemote, server.mcpUrl.href],
      env: {
        PATH: dirname(process.execPath),
        HOME: folder,
        MCP_REMOTE_CONFIG_DIR: join(folder, 'mcp-remote'),
      },
      stderr: 'pipe',
    });
  }

  async function callProfile(connecting: Promise<Client>): Promise<unknown> {
    const client = await connecting;
    const { structuredContent } = await client.callTool({ name: 'get_user_profile', arguments: {} });
    await client.close();
    return structuredContent;
  }

  async function connect(transport: Transport): Promise<Client> {
    const client = new Client({ name: 'end-to-end', version: '1.0.0' });
    await client.connect(transport);
    return client;
  }

  /** Where it keeps its tokens. */
  function findTokensFile(): string {
    const kept = join(folder, 'mcp-remote');
    const name = readdirSync(kept, { recursive: true, encoding: 'utf8' }).find((file) =>
      file.endsWith('_tokens.json'),
    );
    return join(kept, name ?? 'no tokens were kept');
  }

  function readTokens(): Record<string, unknown> {
    return JSON.parse(readFileSync(findTokensFile(), 'utf8')) as Record<string, unknown>;
  }

  it('is given the URL only, and brings a client that speaks no HTTP to the server', async () => {
    const transport = startMcpRemote();
    const connecting = connect(transport);
    const url = await findPrintedUrl(transport.stderr as Readable);
    const { consentText, complaints } = await browser.signIn(url);
    expect(consentText).toContain('MCP CLI Proxy');
    expect(complaints).toEqual([]);
    expect(await callProfile(connecting)).toMatchObject({ objectId: users.alice.oid });
  });

  it.each([
    ['with the token that it kept', {}],
    ['by refreshing once that token is of no use', { access_token: 'was-removed' }],
  ])('needs no person the next time, %s', async (_name, changes) => {
    const before: Record<string, unknown> = { ...readTokens(), ...changes };
    writeFileSync(findTokensFile(), JSON.stringify(before));
    const transport = startMcpRemote();
    const lines: string[] = [];
    transport.stderr?.on('data', (chunk) => lines.push(String(chunk)));
    expect(await callProfile(connect(transport))).toMatchObject({ objectId: users.alice.oid });
    expect(lines.join('')).not.toContain('/auth/authorize');
    const isRenewed = readTokens().refresh_token !== before.refresh_token;
    expect(isRenewed).toBe('access_token' in changes);
  });
});

describe('the official suite for authorization servers', () => {
  const checksSchema = z.array(z.object({ id: z.string(), status: z.string() }));

  function readChecks(outputDir: string): Record<string, string> {
    const checks = readdirSync(outputDir).flatMap((name) =>
      checksSchema.parse(JSON.parse(readFileSync(join(outputDir, name, 'checks.json'), 'utf8'))),
    );
    return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
  }

  it('passes in full: metadata, and a sign-in from the authorization request to the token', async () => {
    const port = await findFreePort();
    const { clientId } = await registerClient(server.url, {
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
    });
    const outputDir = join(folder, 'conformance');
    const options = {
      url: server.url,
      'client-id': clientId,
      resource: server.mcpUrl.href,
      port: String(port),
      'output-dir': outputDir,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const suite = spawn(process.execPath, [conformanceCli, 'authorization', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(suite, 'close');
    try {
      await browser.signIn(await findPrintedUrl(suite.stdout));
      expect(await closed).toEqual([0, null]);
    } finally {
      suite.kill();
    }
    expect(readChecks(outputDir)).toEqual({
      'authorization-server-metadata': 'SUCCESS',
      'authorization-server-metadata-cimd': 'SUCCESS',
      'authorization-code-grant': 'SUCCESS',
    });
  });
});
