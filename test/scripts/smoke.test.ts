import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import { serveFetch, startHost, type Host } from '../../dev/host.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import { findFreePort } from '../../dev/ports.ts';
import { productSurface } from '../../src/app.ts';
import { createTestKey, signClaims, startJwksServer } from '../support/jwks-server.ts';
import { createTestEnvironment, startServer, type TestServer } from '../support/server.ts';
import { createSmokeEnvironment } from '../support/smoke-environment.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { runScript } from '../dev/local-stack.ts';

const keep = stopAfterEach();

let server: TestServer;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await startServer();
  environment = createSmokeEnvironment(server);
});

afterAll(() => server.stop());

function smoke(changes: NodeJS.ProcessEnv = {}) {
  return runScript('scripts/smoke.ts', [], { ...environment, ...changes }).finished;
}

/** The one line that a failing smoke test prints. */
async function failWith(changes: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await smoke(changes);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^FAILED: .*\n$/);
  expect(stderr).not.toContain(changes.ENTRA_CLIENT_SECRET ?? apps.smoke.secret);
  return stderr;
}

/** Something that stands where the server should: it answers everything the same. */
async function withHost<T>(response: () => Response, work: (url: string) => Promise<T>): Promise<T> {
  const handle = () => Promise.resolve(response());
  const host: Host = await startHost([{ path: '/mcp', methods: ['POST', 'GET'], handle }], { port: 0 });
  try {
    return await work(`${host.url}/mcp`);
  } finally {
    await host.stop();
  }
}

describe('npm run smoke', () => {
  it('prints its three lines against any deployment', async () => {
    const { code, stdout, stderr } = await smoke();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^TOOLS: \["echo","add",.*\]\nADD RESULT: 15\nSTATUS: ok\n$/);
  });

  it('tells the identity provider’s own error when there is no token', async () => {
    expect(await failWith({ ENTRA_CLIENT_SECRET: 'no-such-secret' })).toMatch(
      /no token from .*: invalid_client: AADSTS7000215: /,
    );
    expect(await failWith({ SERVER_APP_ID_URI: 'api://nobody' })).toMatch(/: invalid_\w+: AADSTS\d+: /);
  });

  it('tells the challenge and the likely cause of a 401', async () => {
    expect(await failWith({ SERVER_APP_ID_URI: 'https://graph.microsoft.com' })).toMatch(
      /FAILED: 401 from http:.*\/mcp: Bearer error="invalid_token", .*; likely cause: The access token was issued for another API\./,
    );
  });

  it('tells the challenge and the likely cause of a 403', async () => {
    const daemon = { ENTRA_CLIENT_ID: apps.daemon.id, ENTRA_CLIENT_SECRET: apps.daemon.secret };
    expect(await failWith(daemon)).toMatch(
      /FAILED: 403 from .*insufficient_scope.*; likely cause: The application has none of the app roles/,
    );
  });

  it('suspects what stands in front when a refusal is not the server’s own', async () => {
    const refuse = (headers: Record<string, string>) => () => new Response('no', { status: 401, headers });
    await withHost(refuse({}), async (url) => {
      expect(await failWith({ MCP_URL: url })).toContain('it was refused before it reached the server');
    });
    await withHost(refuse({ 'WWW-Authenticate': 'Bearer realm="x"' }), async (url) => {
      expect(await failWith({ MCP_URL: url })).toContain('removes the Authorization header');
    });
  });

  it('tells status and beginning of any other answer', async () => {
    await withHost(
      () => new Response('The service is\nstarting.', { status: 503 }),
      async (url) =>
        expect(await failWith({ MCP_URL: url })).toBe(`FAILED: 503 from ${url}: The service is starting.\n`),
    );
  });

  it('names the URL where nothing listens', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const hint =
      'cannot be reached: ECONNREFUSED (start it with "npm start"; after --no-host, with "func start")\n';
    expect(await failWith({ MCP_URL: `${url}/mcp` })).toBe(`FAILED: ${url}/mcp ${hint}`);
    expect(await failWith({ ENTRA_AUTHORITY: url })).toBe(
      `FAILED: ${url}/${homeTenant.id}/oauth2/v2.0/token ${hint}`,
    );
  });

  it('says what it needs, and refuses options that it does not have', async () => {
    const help = await runScript('scripts/smoke.ts', ['--help'], {}).finished;
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['MCP_URL', 'ENTRA_CLIENT_SECRET']) expect(help.stdout).toContain(name);
    const wrong = await runScript('scripts/smoke.ts', ['--url', 'x'], {}).finished;
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^Unknown option '--url'.*\n\nUsage: npm run smoke\n/);
  });

  it('lists every variable that is missing when some are set', async () => {
    const line = await failWith({ MCP_URL: '', ENTRA_CLIENT_ID: undefined, ENTRA_CLIENT_SECRET: undefined });
    expect(line).toMatch(
      /ENTRA_TENANT_ID, SERVER_APP_ID_URI set, but missing: MCP_URL, ENTRA_CLIENT_ID, ENTRA_CLIENT_SECRET \(or .*\)/,
    );
  });

  it('sends no token over plain http to another machine', async () => {
    expect(await failWith({ MCP_URL: 'http://mcp.example.com/mcp' })).toContain(
      'MCP_URL must be an https URL',
    );
  });

  it('says how to start the local stack when nothing is set and nothing runs', async () => {
    const { code, stderr } = await runScript('scripts/smoke.ts', [], { DATA_DIR: '/nowhere' }).finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^FAILED: The local stack is not running\. Start it with "npm start".*\n$/);
  });

  it('signs in with an assertion of somebody whom Entra trusts for this client', async () => {
    const key = await createTestKey('federated');
    const jwks = await keep(startJwksServer([key]));
    const trusted = {
      issuer: 'https://ci.example',
      subject: 'repo:me/mcp',
      audience: 'api://AzureADTokenExchange',
    };
    const credential = { ...trusted, clientId: apps.smoke.id, jwksUri: jwks.url };
    const entra = await keep(startLocalEntra({ port: 0, federatedCredentials: [credential] }));
    const federated = await keep(startServer(createTestEnvironment({ ENTRA_AUTHORITY: entra.authority })));
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: trusted.issuer,
      sub: trusted.subject,
      aud: trusted.audience,
      iat: now,
      exp: now + 300,
    };
    const { code, stderr } = await smoke({
      MCP_URL: federated.mcpUrl.href,
      ENTRA_AUTHORITY: entra.authority,
      ENTRA_CLIENT_SECRET: '',
      ENTRA_CLIENT_ASSERTION: await signClaims(key, claims),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('fails when a tool is missing', async () => {
    const surface = { ...productSurface, tools: productSurface.tools.filter(({ name }) => name !== 'add') };
    const incomplete = await keep(startServer(createTestEnvironment(), { surface }));
    const { code, stderr } = await smoke({ MCP_URL: incomplete.mcpUrl.href });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^FAILED: .*add.*\n$/);
  });

  it('presents GitHub’s OIDC token, asked for with Entra’s audience, instead of a secret', async () => {
    const asked: string[] = [];
    const handle = ({ url, headers }: Request) => {
      const { pathname, search } = new URL(url);
      asked.push(`${pathname}${search} ${headers.get('authorization') ?? ''}`);
      return Response.json({ value: 'not-a-jwt' });
    };
    const github = await keep(serveFetch(handle, { port: 0 }));
    const line = await failWith({
      ENTRA_CLIENT_SECRET: undefined,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
    });
    expect(asked).toEqual([
      '/token?api-version=2&audience=api%3A%2F%2FAzureADTokenExchange Bearer runner-token',
    ]);
    expect(line).toMatch(/invalid_client: AADSTS\d+: /);
    expect(line).not.toContain('runner-token');
  });
});
