import { acceptedContent, inputRequired, type GetPromptResult } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { definePrompt } from '../../src/mcp/prompt.ts';
import { pixel } from './define-fixture.ts';

type Message = GetPromptResult['messages'][number];

const description = 'Fixture of the conformance suite';
const contextSchema = z.object({ context: z.string() });

function sayText(text: string): Message {
  return { role: 'user', content: { type: 'text', text } };
}

/** Prompts by the names and with the messages that the suite prescribes. */
export const fixturePrompts = [
  definePrompt({
    name: 'test_simple_prompt',
    title: 'Simple',
    description,
    arguments: z.object({}),
    get: () => [sayText('This is a simple prompt for testing.')],
  }),
  definePrompt({
    name: 'test_prompt_with_arguments',
    title: 'With arguments',
    description,
    arguments: z.object({ arg1: z.string(), arg2: z.string() }),
    complete: { arg1: (typed) => ['test', 'testing'].filter((value) => value.startsWith(typed)) },
    get: ({ arg1, arg2 }) => [sayText(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  }),
  definePrompt({
    name: 'test_prompt_with_embedded_resource',
    title: 'With a resource',
    description,
    arguments: z.object({ resourceUri: z.string() }),
    get: ({ resourceUri }) => [
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        },
      },
      sayText('Please process the embedded resource above.'),
    ],
  }),
  definePrompt({
    name: 'test_prompt_with_image',
    title: 'With an image',
    description,
    arguments: z.object({}),
    get: () => [
      { role: 'user', content: { type: 'image', data: pixel, mimeType: 'image/png' } },
      sayText('Please analyze the image above.'),
    ],
  }),
  definePrompt({
    name: 'test_input_required_result_prompt',
    title: 'With a question first',
    description,
    arguments: z.object({}),
    get(_args, { mcp }) {
      const given = acceptedContent(mcp.inputResponses, 'user_context', contextSchema);
      if (given !== undefined) return [sayText(`Use this context: ${given.context}`)];
      const question = inputRequired.elicit({
        message: 'What context should the prompt use?',
        requestedSchema: contextSchema,
      });
      return inputRequired({ inputRequests: { user_context: question } });
    },
  }),
];
