import { parseArgs } from 'node:util';
import { readArguments } from '../dev/arguments.ts';
import { Failure } from '../dev/failure.ts';
import { keyNames, type KeyName } from '../dev/key-vault/make-key.ts';
import { askAzd, createDeployerCredential, requireValues } from './azd/deployment.ts';
import { createRestApi } from './azd/rest-api.ts';
import { createVault } from './azd/vault.ts';
import { runScript } from './lib/run-script.ts';

const usage = `Usage: npm run rotate -- <${keyNames.join('|')}>

Makes a new version of a key in the vault of the azd environment that is selected. Every instance uses it within ten
minutes. Nobody is signed out: previous versions go on being good until they are disabled in the vault.
`;

function readName(args: readonly string[]): KeyName | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return 'help';
  const name = keyNames.find((candidate) => candidate === positionals[0]);
  if (name === undefined || positionals.length !== 1) throw new Failure('Name one key to rotate.');
  return name;
}

async function rotate(name: KeyName): Promise<void> {
  const names = ['AZURE_KEY_VAULT_ID', 'AZURE_RESOURCE_MANAGER'] as const;
  const environment = askAzd(process.env, [...names, 'AZURE_TENANT_ID']);
  const values = requireValues(environment, names);
  const api = createRestApi(values.AZURE_RESOURCE_MANAGER, createDeployerCredential(environment));
  await createVault(api, values.AZURE_KEY_VAULT_ID).addVersion(name);
  console.log(`${name}: has a new version`);
}

const name = readArguments(readName, usage);
if (name === 'help') process.stdout.write(usage);
else await runScript(() => rotate(name));
