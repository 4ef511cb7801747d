import { runScript } from '../lib/run-script.ts';
import { createDeployerCredential, requireValues } from './deployment.ts';
import { createRestApi } from './rest-api.ts';
import { createVault, seedKeys } from './vault.ts';

await runScript(async () => {
  const values = requireValues(process.env, ['AZURE_KEY_VAULT_ID', 'AZURE_RESOURCE_MANAGER']);
  const api = createRestApi(values.AZURE_RESOURCE_MANAGER, createDeployerCredential(process.env));
  const vault = createVault(api, values.AZURE_KEY_VAULT_ID);
  await seedKeys(vault, (line) => console.log(line));
  if (process.env.ENTRA_CLIENT_CREDENTIAL === 'secret' && !(await vault.has('entra-client-secret'))) {
    console.log('entra-client-secret: is missing; set it in the vault, or nobody can sign in');
  }
});
