import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { findFreePort } from '../../dev/ports.ts';
import type { Finished } from '../dev/local-stack.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { me, refresh } from '../../dev/oauth-client/raw-oauth.ts';
import type { TestServer } from '../support/server.ts';
import { startSignInBrowser, type SignInBrowser, type SignInOptions } from '../support/sign-in-browser.ts';

const projectRoot = resolve(import.meta.dirname, '../..');

let browser: SignInBrowser;
let server: TestServer;
let folder: string;
/** By how much the server's clock is ahead, milliseconds. */
let ahead = 0;

beforeAll(async () => {
  [browser, server] = await Promise.all([
    startSignInBrowser(),
    startProxyServer({}, { now: () => Date.now() + ahead }),
  ]);
});
afterAll(async () => {
  await Promise.all([browser.stop(), server.stop()]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
});
afterEach(() => {
  ahead = 0;
  rmSync(folder, { recursive: true });
});

interface Run extends Finished {
  /** How often a person was sent to the browser. */
  readonly signIns: number;
}

/** Runs the client with these lines on standard input; a person does in Chromium what it asks for. */
async function runClient(
  lines: readonly string[],
  args?: readonly string[],
  person?: SignInOptions,
): Promise<Run> {
  const all = ['scripts/client.ts', ...(args ?? [server.mcpUrl.href, '--no-browser'])];
  const child = spawn(process.execPath, all, {
    cwd: projectRoot,
    env: {
      PATH: dirname(process.execPath),
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      APPDATA: folder,
      DATA_DIR: folder,
    },
    stdio: 'pipe',
  });
  const output = { stdout: '', stderr: '' };
  const signIns: Promise<unknown>[] = [];
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
    const urls = [...output.stderr.matchAll(/^http\S+\/auth\/authorize\?\S+(?=\n)/gm)];
    for (const [url] of urls.slice(signIns.length)) signIns.push(browser.signIn(url, person));
  });
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  await Promise.all(signIns);
  return { code, ...output, signIns: signIns.length };
}

interface Kept {
  client: { client_id: string };
  tokens: { access_token: string; refresh_token: string };
}

function findFiles(): string[] {
  const kept = join(folder, 'entra-mcp');
  return existsSync(kept) ? readdirSync(kept).map((name) => join(kept, name)) : [];
}

function readKept(): Kept {
  return JSON.parse(readFileSync(findFiles()[0] ?? '', 'utf8')) as Kept;
}

describe('npm run client', () => {
  it('signs a person in who gave it the URL, and does what its lines say', async () => {
    const { code, stdout, stderr, signIns } = await runClient([
      'tools',
      'call add {"a":1,"b":2}',
      'resources',
      'prompts',
      'whoami',
      'quit',
      'never read',
    ]);
    expect({ code, signIns }).toEqual({ code: 0, signIns: 1 });
    expect(stderr).toMatch(/^To sign in, visit:\nhttp:\S+\n$/);
    for (const text of [
      'get_user_profile  ',
      '"result": 3',
      'note:///{id}',
      'summarize_notes',
      users.alice.oid,
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it('keeps the sign-in for its owner only, so that the next time nobody has to sign in', async () => {
    await runClient(['whoami']);
    const [file = '', ...others] = findFiles();
    expect(others).toEqual([]);
    if (process.platform !== 'win32') {
      expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
      expect((statSync(dirname(file)).mode & 0o777).toString(8)).toBe('700');
    }
    const again = await runClient(['whoami']);
    expect(again).toMatchObject({ code: 0, stderr: '', signIns: 0 });
    expect(again.stdout).toContain(users.alice.oid);
  });

  it('refreshes without a person when the access token is of no use', async () => {
    await runClient(['whoami']);
    const before = readKept();
    writeFileSync(
      findFiles()[0] ?? '',
      JSON.stringify({ ...before, tokens: { ...before.tokens, access_token: 'was-removed' } }),
    );
    const again = await runClient(['whoami']);
    expect(again).toMatchObject({ code: 0, stderr: '', signIns: 0 });
    expect(again.stdout).toContain(users.alice.oid);
    expect(readKept().tokens.refresh_token).not.toBe(before.tokens.refresh_token);
    expect(readKept().client.client_id).toBe(before.client.client_id);
  });

  it('signs out: the server ends the sign-in, the file is gone, and the next time a person is needed', async () => {
    await runClient(['whoami']);
    const { client, tokens } = readKept();
    const { code, stdout } = await runClient(['sign-out']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'You are signed out: the server has ended the sign-in.\n',
    });
    expect(findFiles()).toEqual([]);
    const renewal = await refresh(server.url, { clientId: client.client_id }, tokens.refresh_token);
    expect(renewal).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    // An instance believes for a minute at most that a sign-in still stands.
    ahead = 61_000;
    expect((await me(server.url, tokens.access_token)).status).toBe(401);
    ahead = 0;
    expect((await runClient(['sign-out'])).stdout).toBe('You were not signed in.\n');
    const again = await runClient(['whoami'], undefined, { user: 'bob' });
    expect(again).toMatchObject({ code: 0, signIns: 1 });
    expect(again.stdout).toContain(users.bob.oid);
  });

  it('goes on in the same run after a sign-out, as somebody else', async () => {
    const { code, stdout, signIns } = await runClient(['whoami', 'sign-out', 'whoami']);
    expect({ code, signIns }).toEqual({ code: 0, signIns: 2 });
    expect(stdout.split(users.alice.oid)).toHaveLength(3);
  });
});

describe('what npm run client says when it fails', () => {
  /** The one line, which ends the run. */
  async function fail(
    lines: readonly string[],
    args?: readonly string[],
    person?: SignInOptions,
  ): Promise<string> {
    const { code, stdout, stderr } = await runClient([...lines, 'tools'], args, person);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const told = stderr.split('\n').filter((line) => line.startsWith('FAILED: '));
    expect(told).toHaveLength(1);
    return told[0] ?? '';
  }

  it('names a person’s refusal, and keeps no tokens', async () => {
    expect(await fail(['whoami'], undefined, { decision: 'deny' })).toMatch(
      /^FAILED: You were not signed in: access_denied/,
    );
    expect(readKept()).not.toHaveProperty('tokens');
  });

  it('names a server that does not run, and how to start it', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    expect(await fail(['tools'], [`${url}/mcp`])).toBe(
      `FAILED: ${url}/mcp cannot be reached: ECONNREFUSED (start it with "npm start"; after --no-host, with "func start")`,
    );
    expect(await fail(['tools'], [])).toContain('The local stack is not running. Start it with "npm start"');
  });

  it('names a URL that is no MCP endpoint', async () => {
    expect(await fail(['tools'], [`${server.url}/nothing`])).toBe(
      `FAILED: ${server.url}/nothing answered 404: it is not the URL of an MCP endpoint`,
    );
  });

  it('names a command, a tool and arguments that do not exist', async () => {
    expect(await fail(['dance'])).toBe('FAILED: there is no command dance; "help" lists them');
    expect(await fail(['call'])).toContain('which tool?');
    expect(await fail(['call add [1]'])).toContain('are a JSON object');
    expect(await fail(['call no_such_tool'])).toContain('Unknown tool: no_such_tool');
  });

  it('sends no token over plain http to another machine', async () => {
    const { code, stderr } = await runClient([], ['http://mcp.example.com/mcp']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^http:\/\/mcp\.example\.com\/mcp is not the URL of an MCP server: .*\n\nUsage: npm run client/,
    );
  });

  it('names a file of its own that somebody has damaged', async () => {
    await runClient(['whoami']);
    const [file = ''] = findFiles();
    writeFileSync(file, '{"mcpUrl":1}');
    expect(await fail(['whoami'])).toBe(`FAILED: ${file} is damaged: delete it, and sign in again`);
  });

  it('says what it can do', async () => {
    const { code, stdout, stderr } = await runClient([], ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const text of ['MCP_URL', 'sign-out', '--no-browser']) expect(stdout).toContain(text);
  });
});
