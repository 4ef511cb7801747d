import { parseArgs } from 'node:util';

export interface StartOptions {
  readonly fresh: boolean;
  readonly https: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm start [-- options]

  --fresh   forget everything kept so far (notes, signing keys, certificate) and begin anew
  --https   serve HTTPS, with SSL_CERTFILE and SSL_KEYFILE or with a certificate made for localhost
  --help    show this

Ports: MCP_PORT (7071), ENTRA_PORT (7080), AZURITE_BLOB_PORT, AZURITE_QUEUE_PORT, AZURITE_TABLE_PORT (10000 to 10002).
State: DATA_DIR (.data). Every setting of the server in the environment, or in local.settings.json, wins over the local
stack's own.
`;

/** Throws TypeError, its message for the person, on anything that is no option. */
export function readOptions(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      fresh: { type: 'boolean', default: false },
      https: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}
