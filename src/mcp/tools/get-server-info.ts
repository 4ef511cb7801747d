import * as z from 'zod';
import { protocolVersions } from '../protocol-versions.ts';
import { defineTool } from '../tool.ts';

export const getServerInfo = defineTool({
  name: 'get_server_info',
  title: 'Server information',
  description: 'Tells which server this is: name, version, build, protocol versions, uptime and status.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({}),
  output: z.object({
    name: z.string(),
    version: z.string(),
    build: z.string(),
    protocolVersions: z.array(z.string()),
    uptimeSeconds: z.number().describe('Of the instance that answers'),
    status: z.literal('ok'),
  }),
  handle(_input, { identity, now }) {
    return {
      name: identity.name,
      version: identity.version,
      build: identity.build,
      protocolVersions: [...protocolVersions],
      uptimeSeconds: Math.floor((now() - identity.startedAt) / 1_000),
      status: 'ok' as const,
    };
  },
});
