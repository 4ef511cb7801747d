import type { McpContext } from '../../src/mcp/context.ts';
import { ToolError } from '../../src/mcp/failures.ts';
import * as z from 'zod';
import { answerText, defineFixture, pixel, silence } from './define-fixture.ts';

const image = { type: 'image' as const, data: pixel, mimeType: 'image/png' };

async function log({ mcp }: McpContext): Promise<void> {
  for (const step of ['started', 'processing data', 'completed']) {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- The suite asks for it: 2025 clients still have it.
    await mcp.log('info', `Tool ${step}`);
  }
}

async function reportProgress({ mcp }: McpContext): Promise<void> {
  const progressToken = mcp._meta?.progressToken;
  if (progressToken === undefined) return;
  for (const progress of [0, 50, 100]) {
    await mcp.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
  }
}

/** Every keyword of JSON Schema 2020-12 that a schema has to keep on its way into `tools/list`. */
const contactSchema = z
  .strictObject({
    name: z.string().optional(),
    address: z
      .object({ street: z.string().optional(), city: z.string().optional() })
      .meta({ id: 'address', $anchor: 'addressDef' })
      .optional(),
    contactMethod: z.enum(['phone', 'email']).optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
  })
  .meta({
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    then: { required: ['phone'] },
    else: { required: ['email'] },
  });

/** Tools that answer at once, by the names and with the answers that the suite prescribes. */
export const fixtureTools = [
  defineFixture('test_simple_text', () => answerText('This is a simple text response for testing.')),
  defineFixture('test_image_content', () => ({ content: [image] })),
  defineFixture('test_audio_content', () => ({
    content: [{ type: 'audio', data: silence, mimeType: 'audio/wav' }],
  })),
  defineFixture('test_embedded_resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  })),
  defineFixture('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  })),
  defineFixture('test_error_handling', () => {
    throw new ToolError('This tool intentionally returns an error for testing');
  }),
  defineFixture('test_tool_with_progress', async (context) => {
    await reportProgress(context);
    return answerText('Progress reported.');
  }),
  ...['test_tool_with_logging', 'test_logging_tool'].map((name) =>
    defineFixture(name, async (context) => {
      await log(context);
      return answerText('Log messages sent.');
    }),
  ),
  defineFixture('json_schema_2020_12_tool', () => answerText('Contact taken.'), contactSchema),
  defineFixture(
    'test_mirrored_header',
    (_context, { region }) => answerText(region),
    z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }),
  ),
];
