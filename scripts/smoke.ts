import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { readArguments } from '../dev/arguments.ts';
import { describeFailure, Failure } from '../dev/failure.ts';
import { describeRefusal, readRefusal, type Refusal } from './lib/refusal.ts';
import { requestToken } from './lib/request-token.ts';
import { runScript } from './lib/run-script.ts';
import { readSmokeTarget } from './lib/smoke-target.ts';
import { trustStack } from './lib/trust.ts';
import { reach } from './lib/unreachable.ts';

const usage = `Usage: npm run smoke

Takes a token by client credentials, calls two tools and prints three lines, or one that says what is wrong (exit code
1). Without any of these variables it looks for the local stack.

  MCP_URL                  https://.../mcp
  ENTRA_TENANT_ID          tenant of the application
  ENTRA_CLIENT_ID          the application, which has the app role
  SERVER_APP_ID_URI        the API's App ID URI
  ENTRA_CLIENT_SECRET      or ENTRA_CLIENT_ASSERTION, or neither in a GitHub workflow with "id-token: write"
  ENTRA_AUTHORITY          for national clouds
`;

async function readStructured(client: Client, name: string, args: Record<string, unknown>) {
  const { isError, structuredContent, content } = await client.callTool({ name, arguments: args });
  if (isError === true) throw new Failure(`${name} failed: ${JSON.stringify(content)}`);
  return (structuredContent ?? {}) as Readonly<Record<string, unknown>>;
}

async function listToolNames(client: Client): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    names.push(...page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return names;
}

async function checkServer(client: Client): Promise<void> {
  console.log(`TOOLS: ${JSON.stringify(await listToolNames(client))}`);
  const { result } = await readStructured(client, 'add', { a: 7, b: 8 });
  console.log(`ADD RESULT: ${String(result)}`);
  if (result !== 15) throw new Failure(`add says that 7 + 8 is ${String(result)}`);
  const { status } = await readStructured(client, 'get_server_info', {});
  console.log(`STATUS: ${String(status)}`);
  if (status !== 'ok') throw new Failure(`get_server_info says that the status is ${String(status)}`);
}

/** Speaks MCP with the token; a refusal over HTTP is told as such, not as the client library words it. */
async function runSmoke(mcpUrl: string, token: string): Promise<void> {
  let refusal: Refusal | undefined;
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
    async fetch(url, init) {
      const response = await reach(url, init);
      // The stream of a GET is an offer that a server without sessions declines.
      if (!response.ok && init?.method === 'POST') refusal = await readRefusal(String(url), response.clone());
      return response;
    },
  });
  const client = new Client({ name: 'smoke', version: '1.0.0' });
  try {
    await client.connect(transport);
    await checkServer(client);
  } catch (error) {
    if (refusal !== undefined) throw new Failure(describeRefusal(refusal));
    throw error instanceof Failure ? error : new Failure(`${mcpUrl}: ${describeFailure(error)}`);
  } finally {
    await client.close();
  }
}

function readHelp(args: readonly string[]): boolean {
  const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } } });
  return values.help === true;
}

async function smoke(): Promise<void> {
  const target = await readSmokeTarget(process.env);
  trustStack(target.certificate);
  const token = await requestToken({
    ...target,
    grantType: 'client_credentials',
    parameters: { scope: `${target.appIdUri}/.default` },
  });
  await runSmoke(target.mcpUrl, token);
}

if (readArguments(readHelp, usage)) process.stdout.write(usage);
else await runScript(smoke);
