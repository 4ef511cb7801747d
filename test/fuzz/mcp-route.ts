import { createApp } from '../../src/app.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { createTestEnvironment } from '../support/server.ts';

/** What `/mcp` has answered. */
export interface McpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON-RPC messages: of a stream every event, of a batch every answer. */
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

/** `/mcp` of the real app in this process, for a caller who need not sign in. */
export interface McpRoute {
  post(body: string, headers: Headers): Promise<McpAnswer>;
  /** Log lines that tell of a failure; none is wanted. */
  readonly failures: readonly string[];
}

/** Every event of a stream that ends by itself; of one that stays open, those that came at once. */
async function readEvents(body: ReadableStream<Uint8Array>, staysOpen: boolean): Promise<string[]> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    text += value ?? '';
    if (done || (staysOpen && text.includes('\n\n'))) break;
  }
  await reader.cancel();
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data);
}

async function readMessages(response: Response, staysOpen: boolean): Promise<McpAnswer['messages']> {
  if (response.body === null) return [];
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const texts = isStream ? await readEvents(response.body, staysOpen) : [await response.text()];
  return texts.filter((text) => text !== '').flatMap((text) => JSON.parse(text) as McpAnswer['messages']);
}

export async function createMcpRoute(): Promise<McpRoute> {
  const environment = createTestEnvironment({ AUTH_REQUIRED: 'false', MAX_REQUEST_BYTES: '65536' });
  await createTables(loadConfig(environment).tables).ensureTables();
  const failures: string[] = [];
  const sink = (level: string, line: string) => {
    if (level === 'error') failures.push(line);
  };
  const { routes, close } = createApp(environment, { sink });
  const route = routes.find(({ path }) => path === '/mcp');
  if (route === undefined) throw new Error('there is no /mcp');
  return {
    failures,
    async post(body, headers) {
      const url = 'http://localhost:7071/mcp';
      const response = await route.handle(new Request(url, { method: 'POST', headers, body }));
      const messages = await readMessages(response, body.includes('subscriptions/listen'));
      // What the guard does after an answer is to be done in the property that caused it.
      await close();
      return { status: response.status, headers: response.headers, messages };
    },
  };
}
