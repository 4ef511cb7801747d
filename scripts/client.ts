import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { readArguments } from '../dev/arguments.ts';
import { describeFailure, Failure } from '../dev/failure.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { isLoopback } from '../src/loopback.ts';
import { commandHelp, runCommand } from './lib/client-commands.ts';
import { startLoopbackReceiver } from './lib/loopback-receiver.ts';
import { createMcpSession, type McpSession } from './lib/mcp-session.ts';
import { createOAuthProvider } from './lib/oauth-provider.ts';
import { openBrowser } from './lib/open-browser.ts';
import { runScript } from './lib/run-script.ts';
import { openSignInFile } from './lib/sign-in-file.ts';
import { trustStack } from './lib/trust.ts';

const usage = `Usage: npm run client [-- [MCP_URL] [--no-browser]]

Signs you in at an MCP server and lets you try it. Without a URL it looks for the local stack.

  --no-browser   prints the address of the sign-in only

Commands, also one a line on standard input:

${commandHelp}
The sign-in is kept for the next time, readable by you only, in the entra-mcp folder of APPDATA, XDG_CONFIG_HOME or
~/.config.
`;

interface Request {
  /** Undefined for the local stack's. */
  readonly mcpUrl: URL | undefined;
  readonly opensBrowser: boolean;
}

function readUrl(value: string): URL {
  const url = URL.parse(value);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))) return url;
  throw new Failure(`${value} is not the URL of an MCP server: https://..., or http://localhost...`);
}

/** Undefined for the usage. */
function readRequest(args: readonly string[]): Request | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'no-browser': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const [given, ...more] = positionals;
  if (values.help === true) return undefined;
  if (more.length > 0) throw new Failure('One URL at a time.');
  return {
    mcpUrl: given === undefined ? undefined : readUrl(given),
    opensBrowser: values['no-browser'] !== true,
  };
}

function findLocalStack(): URL {
  const { mcpUrl, certificate } = readStackFile(process.env);
  trustStack(certificate);
  return new URL(mcpUrl);
}

async function showSignIn(url: URL, opensBrowser: boolean): Promise<void> {
  const isOpen = opensBrowser && (await openBrowser(url));
  console.error(
    `${isOpen ? 'Sign in in your browser; if none opened, visit' : 'To sign in, visit'}:\n${url.href}`,
  );
}

/** A person at the terminal: what fails is told, and the next line is asked for. */
async function converse(session: McpSession): Promise<void> {
  const greeting = await session.use((client) => Promise.resolve(client.getServerVersion()));
  console.error(
    `Connected to ${greeting?.title ?? greeting?.name ?? 'the server'}. "help" lists the commands.`,
  );
  const terminal = createInterface({ input: process.stdin, output: process.stderr, prompt: 'mcp> ' });
  terminal.prompt();
  for await (const line of terminal) {
    try {
      const output = await runCommand(session, line);
      if (output === undefined) break;
      if (output !== '') console.log(output);
    } catch (error) {
      console.error(describeFailure(error));
    }
    terminal.prompt();
  }
  terminal.close();
}

/** A program: the first line that fails is the last. */
async function obey(session: McpSession): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const output = await runCommand(session, line);
    if (output === undefined) return;
    if (output !== '') console.log(output);
  }
}

async function runClient({ mcpUrl = findLocalStack(), opensBrowser }: Request): Promise<void> {
  const file = openSignInFile(mcpUrl, process.env);
  const receiver = await startLoopbackReceiver({ port: file.read()?.port ?? 0 });
  const provider = createOAuthProvider({
    mcpUrl,
    file,
    receiver,
    show: (url) => showSignIn(url, opensBrowser),
  });
  const session = createMcpSession({ mcpUrl, file, receiver, provider });
  try {
    await (process.stdin.isTTY ? converse(session) : obey(session));
  } finally {
    await session.close();
    await receiver.stop();
  }
}

const request = readArguments(readRequest, usage);
if (request === undefined) process.stdout.write(usage);
else await runScript(() => runClient(request));
