import * as z from 'zod';
import { sumFinite } from '../finite.ts';
import { defineTool } from '../tool.ts';

export const calculateSum = defineTool({
  name: 'calculate_sum',
  title: 'Sum a list of numbers',
  description: 'Adds up a list of 1 to 10,000 numbers.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({ numbers: z.array(z.number()).min(1).max(10_000).describe('The numbers to add up') }),
  output: z.object({ sum: z.number(), count: z.int() }),
  handle: ({ numbers }) => ({ sum: sumFinite(numbers), count: numbers.length }),
});
