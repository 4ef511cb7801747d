import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startHost } from '../../dev/host.ts';
import { createApp } from '../../src/app.ts';
import { hostApp } from '../support/server.ts';
import { takePort } from '../support/take-port.ts';
import { chooseFreePorts, runScript, startLocalStack, type Program } from './local-stack.ts';

interface LocalSettings {
  readonly Values: Readonly<Record<string, string>>;
}

const smokeLines = /^TOOLS: \["echo","add",.*\]\nADD RESULT: 15\nSTATUS: ok\n$/;

let ports: Awaited<ReturnType<typeof chooseFreePorts>>;
let environment: NodeJS.ProcessEnv;
let dataDir: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'local-stack-'));
  ports = await chooseFreePorts();
  environment = { ...ports, DATA_DIR: dataDir };
});

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function stop(program: Program) {
  program.signal('SIGINT');
  return program.finished;
}

async function printToken(...args: string[]) {
  const { stdout, code } = await runScript('scripts/token.ts', args, environment).finished;
  expect(code).toBe(0);
  return stdout.trim();
}

async function callTool(name: string, args: Record<string, unknown>) {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(
    new URL(`http://localhost:${environment.MCP_PORT}/mcp`),
    {
      requestInit: { headers: { Authorization: `Bearer ${await printToken()}` } },
    },
  );
  await client.connect(transport);
  const { structuredContent } = await client.callTool({ name, arguments: args });
  await client.close();
  return structuredContent;
}

async function whoIs(token: string) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`http://localhost:${environment.MCP_PORT}/me`, { headers });
  return (await response.json()) as Record<string, unknown>;
}

async function readHealth() {
  const response = await fetch(`http://localhost:${environment.MCP_PORT}/health`);
  return (await response.json()) as Record<string, unknown>;
}

/** What the banner gives for local.settings.json. */
function readPasted(banner: string): LocalSettings {
  const json = /local\.settings\.json: .*\n(?<json>[^]*?)\n\n/.exec(banner)?.groups?.json;
  return JSON.parse(json ?? '') as LocalSettings;
}

/** Takes a port as another program would, for as long as the work needs. */
async function withPortTaken<T>(port: string | undefined, work: () => Promise<T>): Promise<T> {
  const { stop: release } = await takePort(Number(port));
  try {
    return await work();
  } finally {
    await release();
  }
}

describe('npm start', () => {
  it('runs the whole stack, keeps notes over a restart and leaves nothing running', async () => {
    const first = await startLocalStack(environment);
    expect(await readHealth()).toMatchObject({
      status: 'ok',
      checks: { 'secret_session-signing-key': { status: 'ok' } },
    });
    const smoke = await runScript('scripts/smoke.ts', [], environment).finished;
    expect(smoke).toMatchObject({ code: 0, stderr: '' });
    expect(smoke.stdout).toMatch(smokeLines);
    await callTool('save_user_note', { text: 'kept over a restart' });

    const { code, stdout } = await stop(first);
    expect(code).toBe(0);
    expect(stdout).toContain(`http://localhost:${environment.MCP_PORT}/mcp`);
    for (const port of Object.values(ports)) await (await takePort(Number(port))).stop();

    const second = await startLocalStack(environment);
    const { notes } = (await callTool('get_user_notes', {})) as { notes: unknown[] };
    expect(notes).toMatchObject([{ text: 'kept over a restart' }]);
    await stop(second);

    const third = await startLocalStack(environment, '--fresh');
    expect(await callTool('get_user_notes', {})).toMatchObject({ notes: [] });
    await stop(third);
  });

  it('serves HTTPS with a certificate that it made and keeps', async () => {
    const program = await startLocalStack(environment, '--https');
    const smoke = await runScript('scripts/smoke.ts', [], environment).finished;
    expect(smoke).toMatchObject({ code: 0, stdout: expect.stringMatching(smokeLines) });
    const { stdout } = await stop(program);
    expect(stdout).toContain(`https://localhost:${environment.MCP_PORT}/mcp`);
    expect(stdout).toContain(join(dataDir, 'localhost.crt'));
    expect(existsSync(join(dataDir, 'localhost.key'))).toBe(true);
  });

  it('prints tokens that the server accepts, and others that it refuses for their own reasons', async () => {
    const program = await startLocalStack(environment);
    expect(await whoIs(await printToken())).toMatchObject({ username: 'alice@contoso.example' });
    expect(await whoIs(await printToken('--user', 'bob'))).toMatchObject({ roles: ['Mcp.Invoke'] });
    expect(await whoIs(await printToken('--app'))).toMatchObject({ kind: 'application' });
    expect(await whoIs(await printToken('--v1'))).toMatchObject({ kind: 'user' });
    const refusals = [
      ['--user', 'carol', 'wrong_tenant'],
      ['--app-without-role', 'missing_role'],
      ['--expired', 'expired_token'],
      ['--wrong-audience', 'wrong_audience'],
      ['--id-token', 'id_token'],
      ['--without-scope', 'missing_scope'],
      ['--foreign-key', 'invalid_signature'],
    ];
    for (const args of refusals) {
      expect(await whoIs(await printToken(...args.slice(0, -1)))).toMatchObject({ code: args.at(-1) });
    }
    await stop(program);
  });

  it('names a port that is in use, who wanted it and the variable, and stops', async () => {
    const finished = await withPortTaken(
      environment.ENTRA_PORT,
      () => runScript('dev/start.ts', [], environment).finished,
    );
    expect(finished).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Port ${environment.ENTRA_PORT} is in use, and the local Entra wants it. Stop what uses it, or set ENTRA_PORT to another port.\nA second stack needs a DATA_DIR of its own, too.\n`,
    });
  });

  it('refuses to share its data folder, on other ports too, and leaves no claim behind', async () => {
    const first = await startLocalStack(environment);
    const elsewhere = { ...environment, ...(await chooseFreePorts()) };
    const { code, stderr } = await runScript('dev/start.ts', ['--fresh'], elsewhere).finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/already runs \(pid \d+\); set DATA_DIR to another folder/);
    await printToken();
    await stop(first);
    expect(existsSync(join(dataDir, 'running.json'))).toBe(false);
  });

  it('starts all but the server for "func start" by hand, and says what that needs', async () => {
    const program = await withPortTaken(environment.MCP_PORT, () =>
      startLocalStack(environment, '--no-host'),
    );
    program.signal('SIGINT');
    const { stdout } = await program.finished;
    expect(stdout).toContain('Host       none (--no-host)');
    const { Values } = readPasted(stdout);

    const again = await startLocalStack(environment, '--no-host');
    const sample = readFileSync(new URL('../../local.settings.sample.json', import.meta.url), 'utf8');
    const byHand = { ...(JSON.parse(sample) as LocalSettings).Values, ...Values };
    const app = createApp(byHand, { sink: () => undefined });
    const host = await hostApp(app, { port: Number(environment.MCP_PORT) });
    const smoke = await runScript('scripts/smoke.ts', [], environment).finished;
    expect(smoke).toMatchObject({ code: 0, stdout: expect.stringMatching(smokeLines) });
    await host.stop();
    await stop(again);
  });

  it('sends those who have a tenant of their own there for tokens', async () => {
    const own = {
      ...environment,
      ENTRA_AUTHORITY: 'https://login.example',
      ENTRA_TENANT_ID: '33333333-3333-4333-8333-333333333333',
      ENTRA_AUDIENCES: 'api://own',
    };
    const program = await startLocalStack(own);
    for (const script of ['scripts/token.ts', 'scripts/smoke.ts']) {
      const { code, stderr } = await runScript(script, [], environment).finished;
      expect(code).toBe(1);
      expect(stderr).toMatch(/^FAILED: .*https:\/\/login\.example.* sign in at your tenant/);
    }
    const { stdout } = await stop(program);
    expect(stdout).not.toContain('mcp-token');
  });

  it('tells those who set a tenant alone that the rest is not the local Entra’s either', async () => {
    const partial = { ...environment, ENTRA_TENANT_ID: '33333333-3333-4333-8333-333333333333' };
    const { code, stderr } = await runScript('dev/start.ts', [], partial).finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENTRA_AUDIENCES is missing .*\nWith a tenant or an authority of your own, none /);
  });

  it('names every fault of the settings and stops what it had started', async () => {
    const faulty = { ...environment, LOG_LEVEL: 'loud', MAX_REQUEST_BYTES: '1' };
    const { code, stderr } = await runScript('dev/start.ts', [], faulty).finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The settings cannot be used:\n {2}MAX_REQUEST_BYTES .*\n {2}LOG_LEVEL .*\n$/);
    await (await startHost([], { port: Number(environment.AZURITE_TABLE_PORT) })).stop();
  });

  it('says what it can do, and refuses what it cannot', async () => {
    const help = await runScript('dev/start.ts', ['--help'], environment).finished;
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--fresh') });
    const wrong = await runScript('dev/start.ts', ['--frehs'], environment).finished;
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("Unknown option '--frehs'") });
  });

  it('leaves a folder alone that is not its own, --fresh or not', async () => {
    const other = mkdtempSync(join(tmpdir(), 'not-ours-'));
    writeFileSync(join(other, 'thesis.txt'), 'unique');
    const finished = await runScript('dev/start.ts', ['--fresh'], { ...environment, DATA_DIR: other })
      .finished;
    expect(finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds files of something else'),
    });
    expect(existsSync(join(other, 'thesis.txt'))).toBe(true);
    rmSync(other, { recursive: true });
  });
});
