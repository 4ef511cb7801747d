import { runScript } from '../lib/run-script.ts';
import { createDeployerCredential, graphOf, requireValues } from './deployment.ts';
import { refuseWhileDeployed, registrationNames, removeRegistrations } from './registrations.ts';
import { createRestApi } from './rest-api.ts';

await runScript(async () => {
  const values = requireValues(process.env, ['AZURE_ENV_NAME', 'AZURE_SUBSCRIPTION_ID']);
  const { AZURE_ENV_NAME: name, AZURE_SUBSCRIPTION_ID: subscription } = values;
  const { MCP_AUTHORITY: authority, AZURE_RESOURCE_MANAGER: manager = 'https://management.azure.com' } =
    process.env;
  const credential = createDeployerCredential(process.env);
  // azd has forgotten the template's outputs by now, unless somebody set them.
  const resources = createRestApi(manager, credential);
  await refuseWhileDeployed(resources, name, subscription);
  const graph = createRestApi(graphOf(authority), credential);
  const names = registrationNames(name, subscription);
  await removeRegistrations(graph, names, (line) => console.log(line));
});
