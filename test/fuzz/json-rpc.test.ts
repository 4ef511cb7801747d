import fc from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { errorCodes } from '../../src/errors.ts';
import { expectToHold } from '../support/fuzz.ts';
import { checkPrototypes } from './arbitraries.ts';
import { anyPost, type Sent } from './mcp-messages.ts';
import { createMcpRoute, type McpAnswer, type McpRoute } from './mcp-route.ts';

let route: McpRoute;
beforeAll(async () => {
  route = await createMcpRoute();
});

/** JSON-RPC 2.0 section 5.1, MCP and this server’s own -32000. */
const rpcCodes: readonly unknown[] = [
  -32_700, -32_600, -32_601, -32_602, -32_000, -32_002, -32_020, -32_021, -32_022,
];
const statuses = [200, 202, 400, 404, 406, 413, 415];

type Message = McpAnswer['messages'][number];

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function listMessages(body: unknown): readonly (Partial<Message> | null | undefined)[] {
  return (Array.isArray(body) ? body : [body]) as readonly (Partial<Message> | null | undefined)[];
}

/** A malformed `initialize` is the SDK's to refuse, which calls it -32603 (typescript-sdk issue 2284). */
function isInitialize(body: unknown): boolean {
  return listMessages(body).some((message) => message?.method === 'initialize');
}

function isAnswer({ jsonrpc, result, error }: Message, body: string): boolean {
  if (jsonrpc !== '2.0' || (result === undefined) === (error === undefined)) return false;
  if (error === undefined) return true;
  const { code, message, data } = error as { code: unknown; message: unknown; data?: { code?: unknown } };
  const isDocumented = rpcCodes.includes(code) || (code === -32_603 && isInitialize(parse(body)));
  const own = data?.code;
  return (
    isDocumented &&
    typeof message === 'string' &&
    (own === undefined || (errorCodes as readonly unknown[]).includes(own))
  );
}

async function post({ body, headers }: Sent): Promise<McpAnswer> {
  const answer = await route.post(body, new Headers(headers));
  checkPrototypes();
  return answer;
}

describe('/mcp answers whatever is posted', () => {
  it('with a documented status, a request id and JSON-RPC of a documented code; nothing fails', () =>
    expectToHold(
      fc.asyncProperty(anyPost, async (sent) => {
        const { status, headers, messages } = await post(sent);
        const isNamed = /^[\da-f-]{36}$/.test(headers.get('x-request-id') ?? '');
        const answers = messages.filter((message) => !('method' in message));
        return (
          statuses.includes(status) &&
          isNamed &&
          answers.every((message) => isAnswer(message, sent.body)) &&
          route.failures.length === 0
        );
      }),
      { cost: 20 },
    ));

  it('with the id that was sent, each once and no other, and every request where any is served', () =>
    expectToHold(
      fc.asyncProperty(anyPost, async (sent) => {
        const { status, headers, messages } = await post(sent);
        const sentIds = listMessages(parse(sent.body)).map((message) => message?.id);
        const answered = messages.filter((message) => !('method' in message)).map(({ id }) => id ?? null);
        const known = answered.filter((id) => id !== null);
        const isKnown = known.every((id) => sentIds.includes(id)) && new Set(known).size === known.length;
        // A subscription is a stream that has no answer yet.
        const isServed = status === 200 && headers.get('content-type') === 'application/json';
        const wanted = sentIds.filter((id) => id !== undefined && id !== null).length;
        return isKnown && (!isServed || (known.length === wanted && !answered.includes(null)));
      }),
      { cost: 20 },
    ));
});
