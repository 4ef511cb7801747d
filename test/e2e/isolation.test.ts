import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { users } from '../../dev/entra/directory.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { createTestEnvironment, startServer, type TestServer } from '../support/server.ts';
import { applicationToken, mintToken, userToken } from '../support/tokens.ts';

interface Saved {
  readonly id: string;
  readonly createdAt: string;
}

describe('notes belong to whom the token names', () => {
  let server: TestServer;
  let clients: Readonly<Record<'alice' | 'bob' | 'application' | 'twin', McpClient>>;
  let notes: Readonly<Record<'alice' | 'bob' | 'application', Saved>>;

  async function save(client: McpClient, text: string): Promise<Saved> {
    const result = await client.callTool({ name: 'save_user_note', arguments: { text } });
    return result.structuredContent as Saved;
  }

  async function texts(client: McpClient, args: Record<string, unknown> = {}): Promise<string[]> {
    const result = await client.callTool({ name: 'get_user_notes', arguments: args });
    return (result.structuredContent as { notes: { text: string }[] }).notes.map((note) => note.text);
  }

  beforeAll(async () => {
    server = await startServer({
      ...createTestEnvironment(),
      ENTRA_ALLOWED_TENANTS: users.carol.tenantId,
    });
    // The same object id in another tenant: a directory can hold anything, and only both ids together name somebody.
    const twin = { tid: users.carol.tenantId, oid: users.alice.oid };
    clients = {
      alice: await connect(server.mcpUrl, await userToken('alice')),
      bob: await connect(server.mcpUrl, await userToken('bob')),
      application: await connect(server.mcpUrl, await applicationToken('smoke')),
      twin: await connect(
        server.mcpUrl,
        await mintToken({
          claims: { ...twin, iss: `${process.env.TEST_ENTRA_AUTHORITY ?? ''}/${twin.tid}/v2.0` },
        }),
      ),
    };
    notes = {
      alice: await save(clients.alice, 'of alice'),
      bob: await save(clients.bob, 'of bob'),
      application: await save(clients.application, 'of the application'),
    };
  });
  afterAll(async () => {
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await server.stop();
  });

  it('shows each one their own', async () => {
    expect(await texts(clients.alice)).toEqual(['of alice']);
    expect(await texts(clients.bob)).toEqual(['of bob']);
    expect(await texts(clients.application)).toEqual(['of the application']);
    expect(await texts(clients.twin)).toEqual([]);
  });

  it.each(['bob', 'application', 'twin'] as const)(
    'answers "not found" to %s for the id of a note of Alice',
    async (name) => {
      const client = clients[name];
      const { id } = notes.alice;
      expect(await client.callTool({ name: 'delete_user_note', arguments: { id } })).toMatchObject({
        isError: true,
        content: [{ text: 'You have no note with this id.' }],
      });
      const absent = client.readResource({
        uri: `note:///${id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`,
      });
      const foreign = client.readResource({ uri: `note:///${id}` });
      const [one, other] = await Promise.allSettled([absent, foreign]);
      const messages = [one, other].map((result) =>
        result.status === 'rejected' ? String(result.reason) : 'found',
      );
      // Word for word the same but for the URI: nothing tells that the note exists.
      expect(messages[0]?.replace(/note:\S+/, '')).toBe(messages[1]?.replace(/note:\S+/, ''));
      expect(messages[1]).toContain('not found');
    },
  );

  it('takes a foreign id as a cursor for no more than a place in one’s own list', async () => {
    expect(await texts(clients.bob, { cursor: notes.alice.id })).not.toContain('of alice');
    expect(await texts(clients.twin, { cursor: notes.alice.id })).toEqual([]);
  });

  it('completes and summarizes only one’s own', async () => {
    const { completion } = await clients.bob.complete({
      ref: { type: 'ref/resource', uri: 'note:///{id}' },
      argument: { name: 'id', value: '' },
    });
    expect(completion.values).toEqual([notes.bob.id]);
    const { messages } = await clients.bob.getPrompt({ name: 'summarize_notes', arguments: {} });
    expect(JSON.stringify(messages)).not.toContain('of alice');
  });

  it('leaves Alice’s note where it is after all of this', async () => {
    expect(await texts(clients.alice)).toEqual(['of alice']);
  });

  it('ignores ids that a client sends as arguments', async () => {
    const result = await clients.bob.callTool({
      name: 'get_user_notes',
      arguments: { tenantId: users.alice.tenantId, objectId: users.alice.oid, userId: users.alice.oid },
    });
    expect(JSON.stringify(result)).not.toContain('of alice');
  });
});
