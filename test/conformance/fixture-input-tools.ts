import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { McpContext } from '../../src/mcp/context.ts';
import { answerText, defineFixture } from './define-fixture.ts';

/** The state that travels with a question; one process asks and hears, so its key need not outlive it. */
export const stateCodec = createRequestStateCodec<{ readonly round: number }>({ key: randomBytes(32) });

const nameSchema = z.object({ name: z.string() });
const colorSchema = z.object({ color: z.string() });
const confirmationSchema = z.object({ ok: z.boolean() });

const envelopeSchema = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({ elicitation: z.unknown(), sampling: z.unknown() }).partial(),
});

const askName = inputRequired.elicit({ message: 'What is your name?', requestedSchema: nameSchema });
const askConfirmation = inputRequired.elicit({
  message: 'Please confirm',
  requestedSchema: confirmationSchema,
});

function askModel(text: string) {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens: 100,
  });
}

function hasAnswer({ mcp }: McpContext, key: string, kind: 'elicit' | 'sampling' | 'roots'): boolean {
  return inputResponse(mcp.inputResponses, key).kind === kind;
}

async function confirm({ mcp }: McpContext) {
  const state = mcp.requestState<{ readonly round: number }>();
  const confirmed = acceptedContent(mcp.inputResponses, 'confirm', confirmationSchema);
  if (confirmed !== undefined && state?.round === 1) return answerText('state-ok');
  return inputRequired({
    inputRequests: { confirm: askConfirmation },
    requestState: await stateCodec.mint({ round: 1 }),
  });
}

async function askInRounds({ mcp }: McpContext) {
  const round = mcp.requestState<{ readonly round: number }>()?.round ?? 0;
  const named = acceptedContent(mcp.inputResponses, 'step1', nameSchema);
  const colored = acceptedContent(mcp.inputResponses, 'step2', colorSchema);
  if (round === 2 && colored !== undefined) return answerText(`Your color is ${colored.color}.`);
  if (round === 1 && named !== undefined) {
    const step2 = inputRequired.elicit({
      message: 'Step 2: What is your favorite color?',
      requestedSchema: colorSchema,
    });
    return inputRequired({
      inputRequests: { step2 },
      requestState: await stateCodec.mint({ round: 2 }),
    });
  }
  return inputRequired({
    inputRequests: { step1: askName },
    requestState: await stateCodec.mint({ round: 1 }),
  });
}

async function askEveryone(context: McpContext) {
  const complete =
    hasAnswer(context, 'user_name', 'elicit') &&
    hasAnswer(context, 'greeting', 'sampling') &&
    hasAnswer(context, 'client_roots', 'roots');
  if (complete) return answerText('All answers received.');
  return inputRequired({
    inputRequests: {
      user_name: askName,
      greeting: askModel('Generate a greeting'),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await stateCodec.mint({ round: 1 }),
  });
}

function askWhatIsOffered({ mcp }: McpContext) {
  const { [CLIENT_CAPABILITIES_META_KEY]: offered } = envelopeSchema.parse(mcp.envelope);
  return inputRequired({
    inputRequests: {
      ...(offered.elicitation !== undefined && { user_name: askName }),
      ...(offered.sampling !== undefined && { greeting: askModel('Generate a greeting') }),
    },
  });
}

/** Tools that ask the client for something before they answer (2026-07-28, Multi Round-Trip Requests). */
export const fixtureInputTools = [
  ...['test_input_required_result_elicitation', 'test_streaming_elicitation'].map((name) =>
    defineFixture(name, ({ mcp }) => {
      const given = acceptedContent(mcp.inputResponses, 'user_name', nameSchema);
      if (given !== undefined) return answerText(`Hello, ${given.name}!`);
      return inputRequired({ inputRequests: { user_name: askName } });
    }),
  ),
  ...['test_input_required_result_sampling', 'test_missing_capability'].map((name) =>
    defineFixture(name, (context) => {
      if (hasAnswer(context, 'capital_question', 'sampling')) return answerText('Answer received.');
      const question = askModel('What is the capital of France?');
      return inputRequired({ inputRequests: { capital_question: question } });
    }),
  ),
  defineFixture('test_input_required_result_list_roots', ({ mcp }) => {
    const given = inputResponse(mcp.inputResponses, 'client_roots');
    if (given.kind === 'roots') return answerText(given.roots.map((root) => root.uri).join(', '));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  }),
  defineFixture('test_input_required_result_request_state', confirm),
  defineFixture('test_input_required_result_tampered_state', confirm),
  defineFixture('test_input_required_result_multiple_inputs', askEveryone),
  defineFixture('test_input_required_result_multi_round', askInRounds),
  defineFixture('test_input_required_result_capabilities', askWhatIsOffered),
];
