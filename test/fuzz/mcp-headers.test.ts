import fc from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { expectToHold } from '../support/fuzz.ts';
import { headerText } from './arbitraries.ts';
import { modernVersion, send } from './mcp-messages.ts';
import { createMcpRoute, type McpRoute } from './mcp-route.ts';

let route: McpRoute;
beforeAll(async () => {
  route = await createMcpRoute();
});

const version = 'MCP-Protocol-Version';
const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

/** What of a header counts: without the blanks around it, and decoded where it says that it is encoded. */
function read(value: string): string | undefined {
  const text = value.replace(/^[ \t]+|[ \t]+$/g, '');
  const [, base64] = /^=\?base64\?(.*)\?=$/s.exec(text) ?? [];
  if (base64 === undefined) return text;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes.toString() : undefined;
}

/** Values for each header, the right one among them. Undefined leaves the header out. */
function valuesFor(right: string, ...others: string[]) {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(right) },
    { weight: 2, arbitrary: fc.constantFrom(undefined, ...others) },
    { weight: 1, arbitrary: headerText },
  );
}

const save = {
  method: 'tools/call',
  params: { name: 'save_user_note', arguments: { text: 'not to be saved' } },
};
const anyHeaders = fc.record({
  [version]: valuesFor(modernVersion, '2025-11-25', '2025-03-26', '2026-07-28, 2025-11-25', ''),
  'Mcp-Method': valuesFor(
    'tools/call',
    'tools/list',
    'Tools/Call',
    'tools/call, tools/list',
    encoded('tools/call'),
  ),
  'Mcp-Name': valuesFor(
    'save_user_note',
    encoded('save_user_note'),
    encoded('echo'),
    'echo',
    'SAVE_USER_NOTE',
    'save_user_note, echo',
    '=?base64?c2F2ZV91c2VyX25vdGU?=',
    '=?base64?%%?=',
    '',
  ),
});

describe('the Mcp headers of a request', () => {
  it('agree with the body, or it is refused with -32020 and 400 and nothing is done', async () => {
    await expectToHold(
      fc.asyncProperty(anyHeaders, async (changes) => {
        const { body, headers: agreeing } = send(save, 1, modernVersion);
        const headers = new Headers(agreeing);
        for (const [name, value] of Object.entries(changes)) {
          if (value === undefined) headers.delete(name);
          else headers.set(name, value);
        }
        fc.pre(
          headers.get(version) !== modernVersion ||
            headers.get('Mcp-Method') !== 'tools/call' ||
            read(headers.get('Mcp-Name') ?? '') !== 'save_user_note',
        );
        const { status, messages } = await route.post(body, headers);
        const [{ id, error } = {}] = messages;
        return status === 400 && id === 1 && (error as { code?: unknown }).code === -32_020;
      }),
      { cost: 20 },
    );
    const list = { method: 'tools/call', params: { name: 'get_user_notes', arguments: {} } };
    const { body, headers } = send(list, 2, modernVersion);
    const { messages } = await route.post(body, new Headers(headers));
    if (!JSON.stringify(messages).includes('{"notes":[]}')) throw new Error('a note was saved');
  });

  it('may name a resource in any script, encoded, with blanks around it', () =>
    expectToHold(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        fc.constantFrom('', ' ', '\t ', '  '),
        async (name, blank) => {
          const { body, headers } = send({ method: 'prompts/get', params: { name } }, 1, modernVersion);
          const { status, messages } = await route.post(
            body,
            new Headers({ ...headers, 'Mcp-Name': `${blank}${encoded(name)}${blank}` }),
          );
          const [{ error } = {}] = messages;
          // There is no such prompt: what is told is that, not that the header disagrees.
          return status === 200 && (error as { code?: unknown }).code === -32_602;
        },
      ),
      { cost: 20 },
    ));
});
