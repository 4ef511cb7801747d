import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCoreTools } from '../../dev/core-tools.ts';
import { startHost } from '../../dev/host.ts';
import { chooseFreePorts, runScript, startLocalStack } from './local-stack.ts';

/** In the place of the real thing, which no package registry has: says its version, and serves when told to. */
const standIn = (version: string) => `#!${process.execPath}
const { FUNCTIONS_WORKER_RUNTIME, AzureWebJobsStorage, PUBLIC_BASE_URL, KEY_VAULT_URL } = process.env;
if (process.argv[2] === '--version') console.log(${JSON.stringify(version)});
else {
  const settings = { FUNCTIONS_WORKER_RUNTIME, AzureWebJobsStorage, PUBLIC_BASE_URL };
  require('node:http').createServer(async (_, response) => {
    const vaultStatus = (await fetch(KEY_VAULT_URL)).status;
    response.end(JSON.stringify({ args: process.argv.slice(2), vaultStatus, ...settings }));
  }).listen(Number(process.argv[4]), '127.0.0.1');
}
`;

let folder: string;

function addProgram(name: string, text: string): string {
  const path = join(mkdtempSync(join(folder, 'path-')), name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return dirname(path);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-tools-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

// Windows runs no scripts as programs, and so has no stand-in.
(process.platform === 'win32' ? describe.skip : describe)('Azure Functions Core Tools', () => {
  it('are found on the PATH, past other programs of the same name', async () => {
    const knative = addProgram('func', standIn('v1.15.0'));
    const failing = addProgram('func', `#!${process.execPath}\nprocess.exit(1)`);
    const tools = addProgram('func', standIn('4.0.7030'));
    expect(await findCoreTools({ PATH: [knative, failing, tools].join(delimiter) })).toEqual({
      path: join(tools, 'func'),
      version: '4.0.7030',
    });
    expect(await findCoreTools({ PATH: [knative, failing].join(delimiter) })).toBeUndefined();
    expect(await findCoreTools({})).toBeUndefined();
  });

  it('run the bundle with the stack’s settings, and end with the stack', async () => {
    const tools = addProgram('func', standIn('4.13.0'));
    const environment = { ...(await chooseFreePorts()), DATA_DIR: join(folder, 'data'), PATH: tools };
    const program = await startLocalStack(environment);
    const response = await fetch(`http://127.0.0.1:${environment.MCP_PORT}/`);
    expect(await response.json()).toEqual({
      args: ['start', '--port', environment.MCP_PORT, '--address', '127.0.0.1'],
      // It trusts the vault's certificate: it is told to show a token.
      vaultStatus: 401,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: expect.stringContaining(`127.0.0.1:${environment.AZURITE_BLOB_PORT}`),
      PUBLIC_BASE_URL: `http://localhost:${environment.MCP_PORT}`,
    });
    program.signal('SIGINT');
    const { code, stdout } = await program.finished;
    expect(code).toBe(0);
    expect(stdout).toContain(`Azure Functions Core Tools 4.13.0 (${join(tools, 'func')})\n`);
    await (await startHost([], { port: Number(environment.MCP_PORT) })).stop();
  });

  it('that cannot be held to this machine are told so in the banner, and without auth are refused', async () => {
    const tools = addProgram('func', standIn('4.12.0'));
    const environment = { ...(await chooseFreePorts()), DATA_DIR: join(folder, 'older'), PATH: tools };
    const program = await startLocalStack(environment);
    const response = await fetch(`http://127.0.0.1:${environment.MCP_PORT}/`);
    expect(await response.json()).toMatchObject({ args: ['start', '--port', environment.MCP_PORT] });
    program.signal('SIGINT');
    const { stdout } = await program.finished;
    expect(stdout).toContain('before 4.13.0 they may listen on every network interface');

    const open = { ...environment, AUTH_REQUIRED: 'false' };
    const { code, stderr } = await runScript('dev/start.ts', [], open).finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^AUTH_REQUIRED=false would open the server .* 4\.12\.0 .*4\.13\.0.*\n$/);
  });
});
