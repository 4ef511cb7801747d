import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { createNodeBridge } from '../../src/oauth/node-bridge.ts';
import { findFreePort } from '../../dev/ports.ts';
import { createProvider } from '../../src/oauth/provider.ts';
import { describeServer, openIdMembers } from '../../src/oauth/server-metadata.ts';
import { createProxyEnvironment } from '../support/server.ts';

const issuer = 'https://server.example';
const scopes = ['access_as_user'];
const heavy = ['oidc-provider', '@azure/keyvault-secrets'];
const run = promisify(execFile);

type Switches = Pick<Parameters<typeof describeServer>[0], 'registration' | 'metadataDocuments'>;

/** What the library itself publishes about the provider that clients talk to. */
async function askProvider(switches: Switches): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = createProvider({
    issuer,
    scopes,
    resource: `${issuer}/mcp`,
    keys: [{ ...(await exportJWK(privateKey)), kid: 'a', alg: 'ES256', use: 'sig' }],
    clients: [],
    adapter: () => {
      throw new Error('the metadata needs no storage');
    },
    accessTokenSeconds: 300,
    refreshTokenSeconds: 3_600,
    ...switches,
    findAccount: () => Promise.resolve(undefined),
    fetch: () => Promise.reject(new Error('nothing is fetched')),
  });
  const bridge = createNodeBridge(provider.callback(), issuer);
  const answer = await bridge(new Request(`${issuer}/.well-known/oauth-authorization-server`), '');
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** What is narrower here than in the library, or not said by it; the flows have tests of their own for these. */
const ownWords = {
  scopes_supported: scopes,
  response_modes_supported: ['query'],
  revocation_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  revocation_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'],
  service_documentation: `${issuer}/`,
};

describe('the metadata, which is made from the configuration', () => {
  it.each([
    { registration: true, metadataDocuments: true },
    { registration: true, metadataDocuments: false },
    { registration: false, metadataDocuments: true },
    { registration: false, metadataDocuments: false },
  ])('S24: says of every member what the provider does: %o', async (switches) => {
    const said = { ...describeServer({ issuer, scopes, ...switches }), ...openIdMembers };
    const done = await askProvider(switches);
    const shared = Object.keys(said).filter((name) => !(name in ownWords));
    expect(said).toEqual({
      ...Object.fromEntries(shared.map((name) => [name, done[name]])),
      ...ownWords,
    });
    for (const name of ['scopes_supported', 'response_modes_supported']) {
      expect(done[name]).toEqual(expect.arrayContaining(ownWords[name as keyof typeof ownWords] as string[]));
    }
    // RFC 7009 section 2.1: clients authenticate there as they do for tokens.
    expect(said.revocation_endpoint_auth_methods_supported).toEqual(
      done.token_endpoint_auth_methods_supported,
    );
    expect(said.revocation_endpoint_auth_signing_alg_values_supported).toEqual(
      done.token_endpoint_auth_signing_alg_values_supported,
    );
  });

  it('S24: leaves out nothing that the provider has a URL for', async () => {
    const switches = { registration: true, metadataDocuments: true };
    const isUrl = (name: string) => /_endpoint$|_uri$/.test(name);
    const said = Object.keys(describeServer({ issuer, scopes, ...switches })).filter(isUrl);
    expect(said.sort()).toEqual(
      Object.keys(await askProvider(switches))
        .filter(isUrl)
        .sort(),
    );
  });
});

interface ColdAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly loads: readonly string[];
}

const documents = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
];

/** What a fresh process says, one path after the other. */
async function askColdInstance(
  environment: NodeJS.ProcessEnv,
  paths: readonly string[],
): Promise<readonly ColdAnswer[]> {
  const entry = resolve(import.meta.dirname, '../support/cold-instance.ts');
  const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...paths], {
    env: { PATH: process.env.PATH, ...environment },
  });
  return JSON.parse(stdout) as ColdAnswer[];
}

describe('an instance that has just started', () => {
  it('S24: says where everything is while its vault is out, though it has no keys to show', async () => {
    const vault = `https://localhost:${await findFreePort()}`;
    const environment = createProxyEnvironment({ KEY_VAULT_URL: vault });
    const answers = await askColdInstance(environment, [...documents, '/.well-known/jwks.json']);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 503]);
    expect(answers.at(-1)?.body).toMatchObject({ code: 'secrets_unavailable' });
    for (const { body } of answers.slice(0, -1)) {
      expect(body).toMatchObject({ issuer: environment.PUBLIC_BASE_URL, scopes_supported: scopes });
    }
  });

  it('needs neither the library nor the vault for its metadata, but both for the keys', async () => {
    const environment = createProxyEnvironment({
      TEST_KEY_VAULT_CERTIFICATE: process.env.TEST_KEY_VAULT_CERTIFICATE,
    });
    const answers = await askColdInstance(environment, [...documents, '/.well-known/jwks.json']);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const [ofMetadata, ofKeys] = [answers.slice(0, -1), answers.slice(-1)].map((some) =>
      some.flatMap(({ loads }) => loads).filter((name) => heavy.includes(name)),
    );
    expect(ofMetadata).toEqual([]);
    expect(ofKeys).toEqual(expect.arrayContaining(heavy));
  });
});
