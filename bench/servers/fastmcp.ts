/** `fastmcp` (TypeScript), stateless, as its README shows it. */
import { FastMCP } from 'fastmcp';
import * as z from 'zod';
import { findFreePort } from '../../dev/ports.ts';
import { requiredScopes, verifyEntraToken, type VerifiedToken } from './entra.ts';
import { report } from './report.ts';

function refuse(statusText: string): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so it wants to be told which answer to give
  throw new Response(null, { status: 401, statusText });
}

const server = new FastMCP({
  name: 'bench',
  version: '1.0.0',
  async authenticate(request): Promise<VerifiedToken & Record<string, unknown>> {
    const header = request.headers.authorization;
    if (!header?.startsWith('Bearer ')) return refuse('Missing or invalid authorization header');
    const verified = await verifyEntraToken(header.slice(7)).catch(() => refuse('Invalid OAuth token'));
    if (!requiredScopes.every((scope) => verified.scopes.includes(scope))) return refuse('Missing scope');
    return { ...verified };
  },
});

server.addTool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  outputSchema: z.object({ result: z.number() }),
  execute: ({ a, b }) => Promise.resolve({ result: a + b }),
});

// It does not say which port it was given, so it cannot be asked for any.
const port = await findFreePort();
await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1', stateless: true } });
report(port);
