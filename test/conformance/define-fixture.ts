import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { McpContext } from '../../src/mcp/context.ts';
import { defineTool, type Tool } from '../../src/mcp/tool.ts';

type Answer = CallToolResult | InputRequiredResult;

/** The smallest picture: one red pixel, PNG in base64. */
export const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

/** The shortest sound: one sample of silence, WAV in base64. */
export const silence = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACAAA==';

/** Makes a tool of what the suite cares about: its name, what it takes and what it answers. */
export function defineFixture<Input extends z.ZodObject>(
  name: string,
  handle: (context: McpContext, input: z.output<Input>) => Answer | Promise<Answer>,
  input?: Input,
): Tool {
  return defineTool({
    name,
    title: name,
    description: `Fixture of the conformance suite: ${name}`,
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: input ?? (z.object({}) as unknown as Input),
    handle: (given, context) => handle(context, given),
  });
}

export function answerText(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}
