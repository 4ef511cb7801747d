import type { RequestStateCodec, ServerCapabilities } from '@modelcontextprotocol/server';
import type { Prompt } from './prompt.ts';
import type { Resource } from './resource.ts';
import type { Tool } from './tool.ts';

/** All that a server offers over MCP, in the order in which it is listed. */
export interface Surface {
  readonly tools: readonly Tool[];
  readonly resources: readonly Resource[];
  readonly prompts: readonly Prompt[];
  /** Lets tools send log messages mid-call; then every answer to a call may have to be a stream. */
  readonly logging?: boolean;
  /**
   * Checks the state that comes back with a user's answers (2026-07-28) before a handler sees it; needed where a tool or
   * a prompt sends `requestState`, since a client can change it. The SDK's `createRequestStateCodec` makes one.
   */
  readonly requestState?: Pick<RequestStateCodec, 'verify'>;
  /** What the model is told about the server as a whole. */
  readonly instructions?: string;
}

/** What is offered, and nothing else: no list here ever changes while a server runs, so nothing is subscribed to. */
export function describeCapabilities(surface: Surface): ServerCapabilities {
  const completes =
    surface.resources.some((resource) => resource.complete !== undefined) ||
    surface.prompts.some((prompt) => Object.keys(prompt.complete).length > 0);
  return {
    ...(surface.tools.length > 0 && { tools: {} }),
    ...(surface.resources.length > 0 && { resources: {} }),
    ...(surface.prompts.length > 0 && { prompts: {} }),
    ...(completes && { completions: {} }),
    ...(surface.logging === true && { logging: {} }),
  };
}

/** @throws Error when two tools, resources or prompts share a name */
export function checkSurface({ tools, resources, prompts }: Surface): void {
  for (const [kind, members] of Object.entries({ tool: tools, resource: resources, prompt: prompts })) {
    const names = members.map((member) => member.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`Two ${kind}s are named "${twice}"`);
  }
}
