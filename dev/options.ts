import { parseArgs } from 'node:util';

export interface StartOptions {
  readonly fresh: boolean;
  readonly https: boolean;
  /** Whether to serve the app; otherwise only what it needs is started. */
  readonly host: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm start [-- options]

  --fresh     forget everything kept so far (notes, keys, certificate) and begin anew
  --https     serve HTTPS, with SSL_CERTFILE and SSL_KEYFILE or with a certificate made for localhost
  --no-host   start all but the server itself, for "func start" by hand
  --help      show this

Ports: MCP_PORT (7071), ENTRA_PORT (7080), KEY_VAULT_PORT (7081), IDENTITY_PORT (7082), AZURITE_BLOB_PORT,
AZURITE_QUEUE_PORT, AZURITE_TABLE_PORT (10000 to 10002).
State: DATA_DIR (.data), one for each stack that runs. Every setting of the server in the environment, or in
local.settings.json, wins over the local stack's own, but for KEY_VAULT_URL with a vault of this machine.
`;

/** What npm takes for itself when the `--` before it is forgotten, by the variable that it sets then. */
const swallowed = {
  npm_config_fresh: '--fresh',
  npm_config_https: '--https',
  npm_config_host: '--no-host',
} as const;

/** Throws TypeError, its message for the person, on anything that is no option or does not go together. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): StartOptions {
  const lost = Object.entries(swallowed).find(([name]) => environment[name] !== undefined)?.[1];
  if (lost !== undefined) throw new TypeError(`npm kept ${lost} for itself. Say: npm start -- ${lost}`);
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      fresh: { type: 'boolean', default: false },
      https: { type: 'boolean', default: false },
      'no-host': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { 'no-host': noHost, ...rest } = values;
  if (noHost && rest.https) throw new TypeError('--https is for the host that --no-host leaves out.');
  return { ...rest, host: !noHost };
}
