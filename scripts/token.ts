import { parseArgs } from 'node:util';
import { readArguments } from '../dev/arguments.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { requestUserToken, tokenMakers } from './lib/local-tokens.ts';
import { runScript } from './lib/run-script.ts';

const usage = `Usage: npm run --silent token [-- option]

Prints one access token of the local Entra, alice's unless told otherwise.

  --user NAME          alice, bob (has the app role too) or carol (of another tenant: refused)
  --app                an application with the app role
  --v1                 alice's, in the form of version 1.0

Tokens that the server refuses:
  --app-without-role   an application nobody gave the role
  --expired            ended an hour ago
  --wrong-audience     issued for another API
  --id-token           an ID token
  --without-scope      without access_as_user
  --foreign-key        signed with a key that is not the local Entra's
`;

/** What to get, by authority; undefined for the usage. Throws TypeError on anything that is no option. */
function readRequest(args: readonly string[]): ((authority: string) => Promise<string>) | undefined {
  const makers = Object.entries(tokenMakers);
  const { values } = parseArgs({
    args: [...args],
    options: {
      user: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(makers.map(([name]) => [name, { type: 'boolean' as const }])),
    },
  });
  const [chosen = 'user', ...others] = Object.keys(values);
  if (chosen === 'help' || others.includes('help')) return undefined;
  if (others.length > 0) throw new TypeError(`One option at a time: --${[chosen, ...others].join(', --')}`);
  const { user } = values;
  return (
    makers.find(([name]) => name === chosen)?.[1] ??
    ((authority) => requestUserToken(authority, typeof user === 'string' ? user : 'alice'))
  );
}

const request = readArguments(readRequest, usage);
if (request === undefined) process.stdout.write(usage);
else await runScript(async () => console.log(await request(readStackFile(process.env).authority)));
