import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { ToolError } from '../../src/mcp/failures.ts';
import { defineTool } from '../../src/mcp/tool.ts';
import { createTestContext } from '../support/mcp-context.ts';

const base = {
  name: 'measure',
  title: 'Measure',
  description: 'Measures a text',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    text: z.string().max(5).describe('What to measure'),
    unit: z.enum(['m', 'cm']).default('m'),
  }),
};
const output = z.object({ length: z.int() });
const context = createTestContext();

describe('defineTool', () => {
  it('describes the tool as clients see it, its schemas in JSON Schema 2020-12', () => {
    const tool = defineTool({ ...base, output, handle: ({ text }) => ({ length: text.length }) });
    expect(tool.wire).toEqual({
      name: 'measure',
      title: 'Measure',
      description: 'Measures a text',
      annotations: base.annotations,
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          text: { type: 'string', maxLength: 5, description: 'What to measure' },
          unit: { type: 'string', enum: ['m', 'cm'], default: 'm' },
        },
        required: ['text'],
      },
      outputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { length: expect.objectContaining({ type: 'integer' }) },
        required: ['length'],
        additionalProperties: false,
      },
    });
  });

  it('gives the result as structure and as text, and nothing that the schema does not name', async () => {
    const handle = () => ({ length: 3, secret: 'hunter2' });
    const result = await defineTool({ ...base, output, handle }).call({ text: 'abc' }, context);
    expect(result).toEqual({
      content: [{ type: 'text', text: '{"length":3}' }],
      structuredContent: { length: 3 },
    });
  });

  it('fills defaults in before the handler sees the arguments', async () => {
    const tool = defineTool({
      ...base,
      output: z.object({ unit: z.string() }),
      handle: ({ unit }) => ({ unit }),
    });
    expect(await tool.call({ text: 'a' }, context)).toMatchObject({ structuredContent: { unit: 'm' } });
  });

  it.each([
    [{ text: 'too long' }, 'text: '],
    [{}, 'text: '],
    [undefined, 'text: '],
    [{ text: 'a', unit: 'km' }, 'unit: '],
    ['a', 'arguments: '],
  ])('refuses %j with -32602 that names the member', async (args, message) => {
    const tool = defineTool({ ...base, output, handle: () => ({ length: 1 }) });
    await expect(tool.call(args, context)).rejects.toMatchObject({
      code: -32_602,
      message: expect.stringContaining(message),
    });
  });

  it('tells the model of a ToolError, and passes every other error on', async () => {
    const failing = (error: Error) => defineTool({ ...base, output, handle: () => Promise.reject(error) });
    expect(await failing(new ToolError('Try a shorter text.')).call({ text: 'a' }, context)).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'Try a shorter text.' }],
    });
    await expect(failing(new Error('internal')).call({ text: 'a' }, context)).rejects.toThrow('internal');
  });

  it('ends a call at its deadline and aborts the handler’s signal', async () => {
    let signal: AbortSignal | undefined;
    const tool = defineTool({
      ...base,
      output,
      timeoutMs: 20,
      handle: (_input, { signal: given }) => {
        signal = given;
        return new Promise<never>(() => undefined);
      },
    });
    expect(await tool.call({ text: 'a' }, context)).toMatchObject({ isError: true });
    expect(signal?.aborted).toBe(true);
  });

  it('lets a tool answer with content of its own', async () => {
    const content = [{ type: 'image' as const, data: 'AAAA', mimeType: 'image/png' }];
    const tool = defineTool({ ...base, handle: () => ({ content }) });
    expect(tool.wire.outputSchema).toBeUndefined();
    expect(await tool.call({ text: 'a' }, context)).toEqual({ content });
  });

  it('is called without its schemas being converted, and says which cannot be listed', async () => {
    const input = z.object({ at: z.date().default(new Date(0)) });
    const tool = defineTool({ ...base, input, output, handle: () => ({ length: 1 }) });
    expect(await tool.call({}, context)).toMatchObject({ structuredContent: { length: 1 } });
    expect(() => tool.wire).toThrow('measure: JSON Schema has no words for its input');
  });

  it.each([0, 220_001])('refuses a deadline of %d ms when the tool is defined', (timeoutMs) => {
    expect(() => defineTool({ ...base, output, timeoutMs, handle: () => ({ length: 1 }) })).toThrow(
      'timeoutMs',
    );
  });
});
