import { runScript } from '../lib/run-script.ts';
import { hasCredential } from '../lib/smoke-credential.ts';
import { describeFailure } from '../../dev/failure.ts';
import { addTemporaryCredential } from './certificate.ts';
import { createDeployerCredential, graphOf, requireValues } from './deployment.ts';
import { createRestApi } from './rest-api.ts';
import { checkWithoutToken, repeatUntilPassed, runSmoke, type SmokeVariables } from './smoke-run.ts';

const { env: environment } = process;

/** The smoke test as the application that the template registered, with a certificate for this run only. */
async function smokeWithCertificate(variables: SmokeVariables, clientId: string): Promise<string> {
  const { ENTRA_AUTHORITY: authority = '', ENTRA_TENANT_ID: tenantId = '' } = variables;
  const graph = createRestApi(graphOf(authority), createDeployerCredential(environment));
  const temporary = await addTemporaryCredential(graph, clientId);
  const endpoint = `${authority.replace(/\/+$/, '')}/${tenantId}/oauth2/v2.0/token`;
  try {
    return await repeatUntilPassed(async () =>
      runSmoke({ ...variables, ENTRA_CLIENT_ASSERTION: await temporary.createAssertion(endpoint) }),
    );
  } finally {
    await temporary.remove().catch((error: unknown) => {
      console.error(`The certificate of this run stays until it ends by itself: ${describeFailure(error)}`);
    });
  }
}

await runScript(async () => {
  const values = requireValues(environment, [
    'MCP_URL',
    'AZURE_TENANT_ID',
    'MCP_API_IDENTIFIER_URI',
    'MCP_AUTHORITY',
  ]);
  const { MCP_URL } = values;
  const clientId = environment.MCP_SMOKE_CLIENT_ID;
  if (!clientId) {
    console.log(await repeatUntilPassed(() => checkWithoutToken(MCP_URL)));
    console.log('Without an application for the smoke test no tool was called: set ENTRA_SMOKE_CLIENT_ID');
  } else {
    const variables = {
      MCP_URL,
      ENTRA_AUTHORITY: values.MCP_AUTHORITY,
      ENTRA_TENANT_ID: values.AZURE_TENANT_ID,
      ENTRA_CLIENT_ID: clientId,
      SERVER_APP_ID_URI: values.MCP_API_IDENTIFIER_URI,
    };
    const smoke = hasCredential(environment)
      ? repeatUntilPassed(() => runSmoke(variables))
      : smokeWithCertificate(variables, clientId);
    console.log(await smoke);
  }
  console.log(`MCP URL: ${MCP_URL}`);
});
