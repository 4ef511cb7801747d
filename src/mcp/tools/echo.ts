import * as z from 'zod';
import { defineTool } from '../tool.ts';

export const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Returns the given message unchanged. Use it to check that the connection works.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({ message: z.string().max(16_384).describe('Any text, at most 16,384 characters') }),
  output: z.object({ message: z.string() }),
  handle: ({ message }) => ({ message }),
});
