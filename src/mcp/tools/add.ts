import * as z from 'zod';
import { sumFinite } from '../finite.ts';
import { defineTool } from '../tool.ts';

export const add = defineTool({
  name: 'add',
  title: 'Add two numbers',
  description: 'Adds two numbers.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({ a: z.number().describe('First number'), b: z.number().describe('Second number') }),
  output: z.object({ result: z.number() }),
  handle: ({ a, b }) => ({ result: sumFinite([a, b]) }),
});
