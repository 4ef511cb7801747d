import type { Client } from '@modelcontextprotocol/client';
import { Failure } from '../../dev/failure.ts';
import type { McpSession } from './mcp-session.ts';

export const commandHelp = `  tools               what the server can do
  call NAME [JSON]    calls a tool, such as: call add {"a":1,"b":2}
  resources           what the server has to read
  prompts             what the server has to ask
  whoami              whom the server takes you for
  sign-out            ends the sign-in and forgets it
  help                this
  quit                the end; the sign-in stays
`;

interface Named {
  readonly name: string;
  readonly description?: string | undefined;
}

function listLines(items: readonly Named[]): string {
  if (items.length === 0) return '(none)';
  const width = Math.max(...items.map(({ name }) => name.length));
  return items
    .map(({ name, description = '' }) =>
      `${name.padEnd(width)}  ${description.split('\n', 1)[0] ?? ''}`.trimEnd(),
    )
    .join('\n');
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below.
  }
  throw new Failure(`the arguments are a JSON object, such as {"a":1}, not ${text}`);
}

async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<string> {
  const { content, isError, structuredContent } = await client.callTool({ name, arguments: args });
  const texts = content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join('\n');
  if (isError === true) throw new Failure(`${name} failed: ${texts}`);
  return structuredContent === undefined ? texts : JSON.stringify(structuredContent, undefined, 2);
}

async function listResources(client: Client): Promise<string> {
  const { resources } = await client.listResources();
  const { resourceTemplates } = await client.listResourceTemplates();
  return listLines([
    ...resources.map(({ uri, title, name }) => ({ name: uri, description: title ?? name })),
    ...resourceTemplates.map(({ uriTemplate, title, name }) => ({
      name: uriTemplate,
      description: title ?? name,
    })),
  ]);
}

async function signOut(session: McpSession): Promise<string> {
  switch (await session.signOut()) {
    case 'revoked':
      return 'You are signed out: the server has ended the sign-in.';
    case 'forgotten':
      return 'The sign-in is forgotten here; the server has no way to be told.';
    case 'not signed in':
      return 'You were not signed in.';
  }
}

/** Runs one line. What there is to print, or undefined for the end. Throws Failure. */
export async function runCommand(session: McpSession, line: string): Promise<string | undefined> {
  const [, command = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  switch (command) {
    case '':
      return '';
    case 'tools':
      return session.use(async (client) => listLines((await client.listTools()).tools));
    case 'call': {
      const [, name = '', json = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
      if (name === '') throw new Failure('which tool? "tools" lists them');
      const args = parseJson(json);
      return session.use((client) => callTool(client, name, args));
    }
    case 'resources':
      return session.use(listResources);
    case 'prompts':
      return session.use(async (client) => listLines((await client.listPrompts()).prompts));
    case 'whoami':
      return session.use((client) => callTool(client, 'get_user_profile', {}));
    case 'sign-out':
      return signOut(session);
    case 'help':
      return commandHelp.trimEnd();
    case 'quit':
    case 'exit':
      return undefined;
    default:
      throw new Failure(`there is no command ${command}; "help" lists them`);
  }
}
