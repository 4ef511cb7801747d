import { describe, expect, it } from '@jest/globals';
import { defineResource, type ResourceDefinition } from '../../src/mcp/resource.ts';
import { listResources, readResource } from '../../src/mcp/resource-handlers.ts';
import { createTestContext } from '../support/mcp-context.ts';

const context = createTestContext();

function define(changes: Partial<ResourceDefinition>) {
  return defineResource({
    name: 'page',
    title: 'Page',
    description: 'A page',
    mimeType: 'text/plain',
    uri: 'page:///{id}',
    read: ({ id = '' }, _context, uri) => (id === 'missing' ? undefined : [{ uri, text: id }]),
    ...changes,
  });
}

const pages = define({
  list: (_context, cursor) =>
    Promise.resolve(
      cursor === undefined
        ? { resources: [{ uri: 'page:///1', name: '1' }], nextCursor: 'second' }
        : { resources: [{ uri: `page:///${cursor}`, name: cursor }] },
    ),
});
const about = define({
  name: 'about',
  uri: 'about:///this',
  read: (_variables, _context, uri) => [{ uri, text: 'about' }],
});

describe('listResources', () => {
  it('walks through every definition, page by page', async () => {
    const first = await listResources([pages, about], undefined, context);
    expect(first.resources.map((resource) => resource.uri)).toEqual(['page:///1']);
    const second = await listResources([pages, about], first.nextCursor, context);
    expect(second.resources.map((resource) => resource.uri)).toEqual(['page:///second', 'about:///this']);
    expect(second.nextCursor).toBeUndefined();
  });

  it.each([
    'nonsense',
    '',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('[-1]').toString('base64url'),
  ])('refuses the cursor %j with -32602', async (cursor) => {
    await expect(listResources([pages], cursor, context)).rejects.toMatchObject({ code: -32_602 });
  });
});

describe('readResource', () => {
  it('reads by template and by URI', async () => {
    expect(await readResource([pages, about], 'page:///7', context)).toEqual({
      contents: [{ uri: 'page:///7', text: '7' }],
    });
    expect(await readResource([pages, about], 'about:///this', context)).toMatchObject({
      contents: [{ text: 'about' }],
    });
  });

  it.each([
    'page:///missing',
    'page:///a/b',
    'other:///1',
    'about:///that',
    `page:///${'x'.repeat(2_000_000)}`,
  ])('says of %.30s that it is not found', async (uri) => {
    await expect(readResource([pages, about], uri, context)).rejects.toMatchObject({
      message: expect.stringContaining('not found'),
    });
  });
});
