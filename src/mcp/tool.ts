import type {
  CallToolResult,
  InputRequiredResult,
  Tool as WireTool,
  ToolAnnotations,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { McpContext } from './context.ts';
import { withDeadline } from '../deadline.ts';
import { createInvalidParams, ToolError } from './failures.ts';

interface ToolBase<Input extends z.ZodObject> {
  /** What clients call: snake_case, unique. */
  readonly name: string;
  readonly title: string;
  /** For the model: what the tool does and when to use it. */
  readonly description: string;
  readonly annotations: Required<Omit<ToolAnnotations, 'title'>>;
  readonly input: Input;
  /** Milliseconds until the call is given up; 60,000 unless given, 220,000 at most (the platform ends answers at 230 s). */
  readonly timeoutMs?: number;
}

/** A tool with a result of a known shape: sent as structured content and, as JSON, as text. */
export interface StructuredTool<
  Input extends z.ZodObject,
  Output extends z.ZodObject,
> extends ToolBase<Input> {
  readonly output: Output;
  handle(input: z.output<Input>, context: McpContext): z.input<Output> | Promise<z.input<Output>>;
}

/** A tool that answers with content of its own (images, audio, links) or asks the user for input first. */
export interface ContentTool<Input extends z.ZodObject> extends ToolBase<Input> {
  readonly output?: undefined;
  handle(
    input: z.output<Input>,
    context: McpContext,
  ): CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>;
}

/** A tool ready to serve. */
export interface Tool {
  readonly name: string;
  /**
   * As it is listed. Its schemas are converted when it is first asked for, not at start, and then kept.
   * @throws Error naming the tool when JSON Schema has no words for one of them
   */
  readonly wire: WireTool;
  /** @throws ProtocolError -32602 when the arguments do not fit the schema */
  call(args: unknown, context: McpContext): Promise<CallToolResult | InputRequiredResult>;
}

type AnyTool = StructuredTool<z.ZodObject, z.ZodObject> | ContentTool<z.ZodObject>;

function toObjectSchema(name: string, schema: z.ZodObject, io: 'input' | 'output'): WireTool['inputSchema'] {
  try {
    return z.toJSONSchema(schema, { io }) as WireTool['inputSchema'];
  } catch (cause) {
    throw new Error(`${name}: JSON Schema has no words for its ${io}`, { cause });
  }
}

function toWire(definition: AnyTool): WireTool {
  const { name, title, description, annotations, input, output } = definition;
  return {
    name,
    title,
    description,
    inputSchema: toObjectSchema(name, input, 'input'),
    ...(output !== undefined && { outputSchema: toObjectSchema(name, output, 'output') }),
    annotations,
  };
}

async function run(
  definition: AnyTool,
  input: Record<string, unknown>,
  context: McpContext,
): Promise<CallToolResult | InputRequiredResult> {
  if (definition.output === undefined) return definition.handle(input, context);
  // Parsed, so that a tool cannot send a member that its schema does not name.
  const structuredContent = definition.output.parse(await definition.handle(input, context));
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

/** A signal that aborts with another one, until it leaves it. `AbortSignal.any` leaves each to the garbage collector. */
function followSignal(leader: AbortSignal) {
  const controller = new AbortController();
  const abort = () => {
    controller.abort(leader.reason);
  };
  if (leader.aborted) abort();
  leader.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    abort,
    leave: () => {
      leader.removeEventListener('abort', abort);
    },
  };
}

/** Makes a tool of its definition. @throws Error when `timeoutMs` is out of range */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: StructuredTool<Input, Output>,
): Tool;
export function defineTool<Input extends z.ZodObject>(definition: ContentTool<Input>): Tool;
export function defineTool(definition: unknown): Tool {
  const tool = definition as AnyTool;
  const { name, timeoutMs = 60_000 } = tool;
  if (timeoutMs < 1 || timeoutMs > 220_000) throw new Error(`${name}: timeoutMs must be 1 to 220000`);
  let wire: WireTool | undefined;
  return {
    name,
    get wire() {
      wire ??= toWire(tool);
      return wire;
    },
    async call(args, context) {
      const parsed = tool.input.safeParse(args ?? {});
      if (!parsed.success) throw createInvalidParams(`tool ${name}`, parsed.error);
      const stopper = followSignal(context.signal);
      try {
        return await withDeadline(
          run(tool, parsed.data, { ...context, signal: stopper.signal }),
          timeoutMs,
          () => {
            stopper.abort();
            return new ToolError(`The tool did not finish within ${timeoutMs / 1_000} seconds.`);
          },
        );
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        return { isError: true, content: [{ type: 'text', text: error.message }] };
      } finally {
        stopper.leave();
      }
    },
  };
}
