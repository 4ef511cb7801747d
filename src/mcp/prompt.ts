import type {
  GetPromptResult,
  InputRequiredResult,
  Prompt as WirePrompt,
} from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { McpContext } from './context.ts';
import { createInvalidParams } from './failures.ts';
import type { Completer } from './resource.ts';

type PromptAnswer = GetPromptResult['messages'] | InputRequiredResult;

export interface PromptDefinition<Arguments extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Each member is sent as text; its description is what the user reads. */
  readonly arguments: Arguments;
  readonly complete?: Readonly<Record<string, Completer>>;
  /** The messages, or a question to the user that comes first (2026-07-28). */
  get(args: z.output<Arguments>, context: McpContext): PromptAnswer | Promise<PromptAnswer>;
}

export interface Prompt {
  readonly name: string;
  readonly wire: WirePrompt;
  readonly complete: Readonly<Record<string, Completer>>;
  /** @throws ProtocolError -32602 when the arguments do not fit */
  get(args: unknown, context: McpContext): Promise<GetPromptResult | InputRequiredResult>;
}

/** Makes a prompt of its definition. */
export function definePrompt<Arguments extends z.ZodObject>(definition: PromptDefinition<Arguments>): Prompt {
  const { name, title, description } = definition;
  const args = Object.entries(definition.arguments.shape as Record<string, z.ZodType>).map(
    ([key, schema]) => ({
      name: key,
      ...(schema.description !== undefined && { description: schema.description }),
      required: !schema.safeParse(undefined).success,
    }),
  );
  return {
    name,
    wire: { name, title, description, arguments: args },
    complete: definition.complete ?? {},
    async get(given, context) {
      const parsed = definition.arguments.safeParse(given ?? {});
      if (!parsed.success) throw createInvalidParams(`prompt ${name}`, parsed.error);
      const answer = await definition.get(parsed.data, context);
      return Array.isArray(answer) ? { description, messages: answer } : answer;
    },
  };
}
