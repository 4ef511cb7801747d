import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { tools } from '../../src/mcp/tools/index.ts';
import { connectors, type McpClient } from '../support/mcp-clients.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';

const toolNames = tools.map((tool) => tool.name);

/** Those that come with the template. */
const ownTools = [
  'echo',
  'add',
  'calculate_sum',
  'get_server_info',
  'get_user_profile',
  'save_user_note',
  'get_user_notes',
  'delete_user_note',
];

describe.each(Object.entries(connectors))('%s', (_name, connect) => {
  let server: TestServer;
  let client: McpClient;

  beforeAll(async () => {
    server = await startServer();
    client = await connect(server.mcpUrl, await userToken('alice'));
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  /** Calls a tool and checks that the text says the same as the structure. */
  async function call(
    name: string,
    args: Record<string, unknown> = {},
  ): Promise<Record<string, unknown> & { readonly id: string }> {
    const result = await client.callTool({ name, arguments: args });
    expect(result.isError).not.toBe(true);
    const [content] = result.content as { type: string; text: string }[];
    expect(JSON.parse(content?.text ?? '')).toEqual(result.structuredContent);
    return result.structuredContent as Record<string, unknown> & { readonly id: string };
  }

  it('learns who the server is', () => {
    expect(client.getServerVersion()).toMatchObject({
      name: 'entra-mcp',
      title: 'Entra MCP server',
    });
    expect(client.getInstructions()).toContain('save_user_note');
  });

  it('lists every tool with title, description, schemas and all four hints', async () => {
    const listed = await client.listTools();
    expect(listed.tools.map((tool) => tool.name)).toEqual(toolNames);
    expect(toolNames).toEqual(expect.arrayContaining(ownTools));
    for (const tool of listed.tools) {
      expect(tool).toMatchObject({
        title: expect.stringMatching(/\S/),
        description: expect.stringMatching(/\S/),
        inputSchema: { type: 'object' },
        outputSchema: { type: 'object' },
        annotations: {
          readOnlyHint: expect.any(Boolean),
          destructiveHint: expect.any(Boolean),
          idempotentHint: expect.any(Boolean),
          openWorldHint: expect.any(Boolean),
        },
      });
    }
  });

  it('calls the arithmetic tools', async () => {
    expect(await call('echo', { message: 'grüß 🗒' })).toEqual({ message: 'grüß 🗒' });
    expect(await call('add', { a: 7, b: 8 })).toEqual({ result: 15 });
    expect(await call('calculate_sum', { numbers: [1, 2.5, -0.5] })).toEqual({ sum: 3, count: 3 });
  });

  it('asks who the server and the user are', async () => {
    expect(await call('get_server_info')).toMatchObject({
      name: 'entra-mcp',
      build: 'test-build',
      protocolVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
      status: 'ok',
    });
    expect(await call('get_user_profile')).toMatchObject({
      kind: 'user',
      objectId: users.alice.oid,
      tenantId: users.alice.tenantId,
      username: users.alice.username,
      scopes: ['access_as_user'],
    });
  });

  it('saves, lists, reads, completes, summarizes and deletes notes', async () => {
    const first = await call('save_user_note', { text: 'first' });
    const second = await call('save_user_note', { text: 'second\r\n👩‍👩‍👧 \u0000' });

    const page = await call('get_user_notes', { limit: 1 });
    expect(page.notes).toEqual([{ ...second, text: 'second\r\n👩‍👩‍👧 \u0000' }]);
    expect(await call('get_user_notes', { limit: 1, cursor: page.nextCursor })).toEqual({
      notes: [{ ...first, text: 'first' }],
    });

    const { resources } = await client.listResources();
    expect(resources.map((resource) => resource.uri)).toEqual([
      `note:///${second.id}`,
      `note:///${first.id}`,
    ]);
    expect(
      (await client.listResourceTemplates()).resourceTemplates.map((template) => template.uriTemplate),
    ).toEqual(['note:///{id}']);
    const { contents } = await client.readResource({ uri: `note:///${first.id}` });
    expect(contents).toEqual([{ uri: `note:///${first.id}`, mimeType: 'text/plain', text: 'first' }]);

    const { completion } = await client.complete({
      ref: { type: 'ref/resource', uri: 'note:///{id}' },
      argument: { name: 'id', value: first.id.slice(0, 5) },
    });
    expect(completion.values).toContain(first.id);

    expect((await client.listPrompts()).prompts).toEqual([
      expect.objectContaining({
        name: 'summarize_notes',
        arguments: [expect.objectContaining({ name: 'style', required: false })],
      }),
    ]);
    const { messages } = await client.getPrompt({
      name: 'summarize_notes',
      arguments: { style: 'one-line' },
    });
    expect(messages).toHaveLength(3);
    expect(messages[0]?.content).toMatchObject({ type: 'text', text: expect.stringContaining('one-line') });

    expect(await call('delete_user_note', { id: first.id })).toEqual({ id: first.id, deleted: true });
    expect((await call('get_user_notes')).notes).toHaveLength(1);
    const again = await client.callTool({ name: 'delete_user_note', arguments: { id: first.id } });
    expect(again).toMatchObject({ isError: true, content: [{ text: 'You have no note with this id.' }] });
  });

  it.each([
    ['add', { a: 'one', b: 2 }, 'a: '],
    ['calculate_sum', { numbers: [] }, 'numbers: '],
    ['calculate_sum', { numbers: Array.from({ length: 10_001 }, () => 1) }, 'numbers: '],
    ['save_user_note', { text: '' }, 'must not be empty'],
    ['save_user_note', { text: 'x'.repeat(16_385) }, 'must be at most 16384 characters'],
    ['get_user_notes', { limit: 101 }, 'limit: '],
    ['delete_user_note', { id: "' or RowKey ne '" }, 'is not the id of a note'],
    ['no_such_tool', {}, 'Unknown tool: no_such_tool'],
  ])('is told by -32602 what is wrong with the arguments of %s', async (name, args, message) => {
    await expect(client.callTool({ name, arguments: args })).rejects.toMatchObject({
      code: -32_602,
      message: expect.stringContaining(message),
    });
  });

  it('is told of a URI that leads nowhere', async () => {
    await expect(
      client.readResource({ uri: 'note:///0000000000000-0000000000000000' }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('not found'),
    });
    await expect(client.readResource({ uri: 'file:///etc/passwd' })).rejects.toBeDefined();
  });
});
