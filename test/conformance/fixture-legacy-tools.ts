import { inputRequired } from '@modelcontextprotocol/server';
import { defineFixture } from './define-fixture.ts';

/**
 * Tools whose question a 2025 client would get as a request of the server's. They are here so that the baseline's
 * entries fail for the reason given there, and turn stale should that reason ever go away.
 */
const question = inputRequired.elicit({
  message: 'Please provide your information',
  requestedSchema: { type: 'object', properties: { username: { type: 'string' } }, required: ['username'] },
});

const prompt = inputRequired.createMessage({
  messages: [{ role: 'user', content: { type: 'text', text: 'Test prompt for sampling' } }],
  maxTokens: 100,
});

export const fixtureLegacyTools = [
  defineFixture('test_sampling', () => inputRequired({ inputRequests: { prompt } })),
  ...['test_elicitation', 'test_elicitation_sep1034_defaults', 'test_elicitation_sep1330_enums'].map((name) =>
    defineFixture(name, () => inputRequired({ inputRequests: { question } })),
  ),
];
