import { createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { addTemporaryCredential } from '../../scripts/azd/certificate.ts';
import { askAzd, graphOf, requireValues } from '../../scripts/azd/deployment.ts';
import {
  refuseWhileDeployed,
  registrationNames,
  removeRegistrations,
} from '../../scripts/azd/registrations.ts';
import { checkWithoutToken, repeatUntilPassed, runSmoke } from '../../scripts/azd/smoke-run.ts';
import { hasCredential } from '../../scripts/lib/smoke-credential.ts';
import { startServer } from '../support/server.ts';
import { createSmokeEnvironment } from '../support/smoke-environment.ts';
import { stopAfterEach } from '../support/stop-after-each.ts';
import { startApi, type FakeApi } from './azure-api.ts';
import { readInfra } from './bicep.ts';

const subscription = '0a1b2c3d-1111-4111-8111-111111111111';

const keep = stopAfterEach();

function start(answer: Parameters<typeof startApi>[0]): Promise<FakeApi> {
  return keep(startApi(answer));
}

describe('azd down', () => {
  it('removes the registrations for good, and passes over what is not there', async () => {
    const ids: Record<string, string> = {
      'entra-mcp-dev-0a1b2c3d-api': 'id-1',
      'entra-mcp-dev-0a1b2c3d-smoke': 'id-3',
    };
    const deleted: string[] = [];
    let looks = 0;
    const graph = await start(({ method, path }) => {
      const name = /^\/v1\.0\/applications\(uniqueName='(.*)'\)$/.exec(path)?.[1] ?? '';
      if (method === 'DELETE') {
        deleted.push(path);
        return [204];
      }
      // The directory takes a moment to show what was deleted.
      if (path.startsWith('/v1.0/directory/')) return looks++ % 2 === 0 ? [404] : [200, { id: path }];
      return ids[name] === undefined
        ? [404, { error: { code: 'Request_ResourceNotFound' } }]
        : [200, { id: ids[name] }];
    });
    const lines: string[] = [];
    await removeRegistrations(
      graph.api,
      registrationNames('dev', subscription),
      (line) => lines.push(line),
      0,
    );
    expect(lines).toEqual([
      'entra-mcp-dev-0a1b2c3d-api: removed',
      'entra-mcp-dev-0a1b2c3d-proxy: is not there',
      'entra-mcp-dev-0a1b2c3d-smoke: removed',
    ]);
    expect(deleted).toEqual([
      '/v1.0/applications/id-1',
      '/v1.0/directory/deletedItems/id-1',
      '/v1.0/applications/id-3',
      '/v1.0/directory/deletedItems/id-3',
    ]);
  });

  it('removes the others where one cannot be, and names the one', async () => {
    const deleted: string[] = [];
    const graph = await start(({ method, path }) => {
      if (method === 'GET')
        return path.startsWith('/v1.0/directory/') && path.endsWith('api') ? [404] : found(path);
      deleted.push(path);
      return path === '/v1.0/applications/id-proxy'
        ? [403, { error: { code: 'Authorization_RequestDenied' } }]
        : [204];
    });
    const removal = removeRegistrations(
      graph.api,
      registrationNames('dev', subscription),
      () => undefined,
      0,
    );
    await expect(removal).rejects.toThrow(
      /dev-0a1b2c3d-api: id-api is deleted, but .*Deleted applications; .*-proxy: .* 403 Authorization_RequestDenied$/,
    );
    expect(deleted.slice(-2)).toEqual([
      '/v1.0/applications/id-smoke',
      '/v1.0/directory/deletedItems/id-smoke',
    ]);

    function found(path: string): [number, object] {
      return [200, { id: `id-${/(api|proxy|smoke)/.exec(path.split('-').at(-1) ?? '')?.[0] ?? ''}` }];
    }
  });

  it('keeps the registrations of what is still deployed', async () => {
    const group = `/subscriptions/${subscription}/resourcegroups/rg-dev`;
    const manager = await start(({ path }) => (path === group ? [200, { name: 'rg-dev' }] : [404]));
    await expect(refuseWhileDeployed(manager.api, 'dev', subscription)).rejects.toThrow(
      'The resource group rg-dev is still there',
    );
    await expect(refuseWhileDeployed(manager.api, 'gone', subscription)).resolves.toBeUndefined();
    expect(JSON.parse(readInfra('abbreviations.json'))).toMatchObject({ resourceGroup: 'rg-' });
  });

  it('knows the registrations by the names that the template gives them', () => {
    expect(readInfra('main.bicep')).toContain(
      "var registrationName = 'entra-mcp-${environmentName}-${take(subscription().subscriptionId, 8)}'",
    );
    const made = [...readInfra('app/entra.bicep').matchAll(/uniqueName: '\$\{name\}(-\w+)'/g)].map(
      ([, end]) => end,
    );
    expect(registrationNames('dev', subscription)).toEqual(
      made.map((end) => `entra-mcp-dev-0a1b2c3d${String(end)}`),
    );
  });

  it('asks the Graph of the cloud that people sign in to', () => {
    expect(graphOf('https://login.microsoftonline.com/')).toBe('https://graph.microsoft.com');
    expect(graphOf('https://login.microsoftonline.us/')).toBe('https://graph.microsoft.us');
    expect(graphOf('https://login.chinacloudapi.cn/')).toBe('https://microsoftgraph.chinacloudapi.cn');
    expect(graphOf(undefined)).toBe('https://graph.microsoft.com');
  });
});

describe('the credential of the smoke test', () => {
  const endpoint = 'https://login.microsoftonline.com/t/oauth2/v2.0/token';

  it('is a certificate for half an hour that is taken away again', async () => {
    const graph = await start(({ method }) => (method === 'GET' ? [200, { keyCredentials: [] }] : [204]));
    const credential = await addTemporaryCredential(graph.api, 'client-1');
    const assertion = await credential.createAssertion(endpoint);
    await credential.remove();
    const [, added, removed] = graph.calls.map(({ body }) => body as { keyCredentials: { key: string }[] });
    expect(removed).toEqual({ keyCredentials: [] });
    const [entry] = added?.keyCredentials ?? [];
    expect(entry).toMatchObject({ type: 'AsymmetricX509Cert', usage: 'Verify' });
    const certificate = new X509Certificate(Buffer.from(entry?.key ?? '', 'base64'));
    const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
    expect(life).toBeLessThanOrEqual(32 * 60_000);
    // Entra finds the certificate by its thumbprint and takes the application from the claims.
    const key = createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' }));
    const { payload } = await jwtVerify(assertion, key, {
      audience: endpoint,
      issuer: 'client-1',
      subject: 'client-1',
    });
    expect((payload.exp ?? 0) - (payload.nbf ?? 0)).toBe(300);
    const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString(
      'base64url',
    );
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'PS256', 'x5t#S256': thumbprint });
  });

  it('takes the place of one that an interrupted run has left', async () => {
    const left = { keyId: 'ours', displayName: 'azd smoke' };
    const graph = await start(({ method }) => (method === 'GET' ? [200, { keyCredentials: [left] }] : [204]));
    await addTemporaryCredential(graph.api, 'client-1');
    expect(graph.calls.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
    expect(graph.calls[1]?.body).toMatchObject({ keyCredentials: [{ displayName: 'azd smoke' }] });
    expect((graph.calls[1]?.body as { keyCredentials: unknown[] }).keyCredentials).toHaveLength(1);
  });

  it.each([
    { keyCredentials: [{ keyId: 'theirs', displayName: null }] },
    { keyCredentials: [{ displayName: 'azd smoke' }, { keyId: 'theirs', displayName: 'CN=theirs' }] },
  ])('is not put in the place of a certificate that somebody else gave the application', async (found) => {
    const graph = await start(() => [200, found]);
    await expect(addTemporaryCredential(graph.api, 'client-1')).rejects.toThrow('ENTRA_CLIENT_ASSERTION');
    expect(graph.calls.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('a credential of the surroundings', () => {
  it.each([
    { ENTRA_CLIENT_SECRET: 'one' },
    { ENTRA_CLIENT_ASSERTION: 'one' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://ci.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'one' },
  ])('is one that the smoke test can use: %j', (variables) => {
    expect(hasCredential(variables)).toBe(true);
  });

  it.each([
    {},
    { ENTRA_CLIENT_SECRET: ' ', ENTRA_CLIENT_ASSERTION: '' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://ci.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'one' },
  ])('is missed where the smoke test would miss it, so that azd makes one: %j', (variables) => {
    expect(hasCredential(variables)).toBe(false);
  });
});

describe('the check after a deployment', () => {
  it('is repeated until it passes, and tells the last refusal where it never does', async () => {
    const told: string[] = [];
    const tell = (line: string) => told.push(line);
    const results = [
      { passed: false, output: 'FAILED: cannot be reached' },
      { passed: true, output: 'STATUS: ok' },
    ];
    const attempt = () =>
      Promise.resolve(results.shift() ?? { passed: false, output: 'FAILED: AADSTS700027' });
    expect(await repeatUntilPassed(attempt, { pauseMs: 0, tell })).toBe('STATUS: ok');
    expect(told).toEqual(['Not yet (1 of 20): FAILED: cannot be reached']);
    await expect(repeatUntilPassed(attempt, { pauseMs: 0, attempts: 2, tell })).rejects.toThrow(
      'AADSTS700027',
    );
  });

  it('passes without a token where the server is ready and challenges strangers', async () => {
    const server = await keep(startServer());
    expect(await checkWithoutToken(server.mcpUrl.href)).toEqual({
      passed: true,
      output: 'HEALTH: ok\nCHALLENGE: ok',
    });
  });

  it('calls tools as the application, and tells in one line why it cannot', async () => {
    const server = await keep(startServer());
    const variables = createSmokeEnvironment(server);
    const { passed, output } = await runSmoke(variables);
    expect([passed, output]).toEqual([true, expect.stringMatching(/ADD RESULT: 15\nSTATUS: ok$/)]);
    const refused = await runSmoke({ ...variables, ENTRA_CLIENT_SECRET: 'not the secret' });
    expect([refused.passed, refused.output]).toEqual([
      false,
      expect.stringMatching(/^FAILED: .*AADSTS7000215.*$/),
    ]);
  });

  it('fails where something answers that is not the server', async () => {
    const other = await start(() => [200, {}]);
    expect(await checkWithoutToken(`${other.url}/mcp`)).toEqual({
      passed: false,
      output: '/mcp: 200 without a challenge',
    });
  });
});

describe('what azd gives to hooks', () => {
  it('is told in one line where it is missing', () => {
    expect(() => requireValues({ A: '', B: 'b' }, ['A', 'B', 'C'])).toThrow(
      'azd gives no A, C: run azd provision first',
    );
  });

  it('is left as it is where azd cannot be asked', () => {
    expect(askAzd({ A: 'a', PATH: '' }, ['A'])).toEqual({ A: 'a', PATH: '' });
  });
});
