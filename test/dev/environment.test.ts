import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apps, homeTenant } from '../../dev/entra/directory.ts';
import {
  composeEnvironment,
  listChangedSettings,
  readLocalSettings,
  type StackValues,
} from '../../dev/environment.ts';
import { loadConfig } from '../../src/config.ts';

const sample = readFileSync(new URL('../../local.settings.sample.json', import.meta.url), 'utf8');
const sampleValues = (JSON.parse(sample) as { Values: Record<string, string> }).Values;

const stack: StackValues = {
  FUNCTIONS_WORKER_RUNTIME: 'node',
  AzureWebJobsStorage: 'stack',
  PUBLIC_BASE_URL: 'http://localhost:1',
  ENTRA_AUTHORITY: 'http://127.0.0.1:2',
  ENTRA_TENANT_ID: 'stack',
  ENTRA_AUDIENCES: 'stack',
  ENTRA_CLIENT_ID: 'stack',
  TABLES_CONNECTION_STRING: 'stack',
  KEY_VAULT_URL: 'https://127.0.0.1:3',
  IDENTITY_ENDPOINT: 'http://127.0.0.1:4/msi/token',
  IDENTITY_HEADER: 'stack',
  NODE_EXTRA_CA_CERTS: '/stack/trusted.pem',
};

/** With the local identity goes that it is asked for by no other name. */
const whole = { ...stack, AZURE_CLIENT_ID: '' };
const identityNames = ['KEY_VAULT_URL', 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'NODE_EXTRA_CA_CERTS'];

describe('the environment of the app under npm start', () => {
  it('is the stack’s, below the settings file, below the person’s own', () => {
    const composed = composeEnvironment(
      stack,
      { PUBLIC_BASE_URL: 'file', LOG_LEVEL: 'file' },
      { LOG_LEVEL: 'own', PATH: '/bin' },
    );
    expect(composed).toEqual({ ...whole, PUBLIC_BASE_URL: 'file', LOG_LEVEL: 'own', PATH: '/bin' });
  });

  it('takes nothing of the local Entra when the person has another', () => {
    const composed = composeEnvironment(stack, {}, { ENTRA_TENANT_ID: 'own' });
    expect(composed).toMatchObject({ ENTRA_TENANT_ID: 'own', TABLES_CONNECTION_STRING: 'stack' });
    expect(composed).not.toHaveProperty('ENTRA_AUTHORITY');
    expect(composed).not.toHaveProperty('ENTRA_AUDIENCES');
    expect(composed).not.toHaveProperty('ENTRA_CLIENT_ID');
  });

  it('has the proxy off for those who have a tenant of their own and no client in it', () => {
    const own = { ENTRA_TENANT_ID: 'own' };
    expect(composeEnvironment(stack, {}, own)).toMatchObject({ OAUTH_PROXY: 'off' });
    expect(composeEnvironment(stack, {}, { ...own, ENTRA_CLIENT_ID: 'own' })).not.toHaveProperty(
      'OAUTH_PROXY',
    );
    expect(composeEnvironment(stack, {}, { ...own, OAUTH_PROXY: 'on' })).toMatchObject({ OAUTH_PROXY: 'on' });
  });

  it('keeps the local Entra where its own values are repeated', () => {
    const { ENTRA_AUTHORITY, ENTRA_TENANT_ID } = stack;
    expect(composeEnvironment(stack, { ENTRA_AUTHORITY, ENTRA_TENANT_ID }, {})).toEqual(whole);
  });

  it.each(['UseDevelopmentStorage=true', 'x=y;AccountName=devstoreaccount1;AccountKey=b2xk;'])(
    'means by the emulator the one that runs: %s',
    (storage) => {
      const composed = composeEnvironment(
        stack,
        { TABLES_CONNECTION_STRING: storage },
        { AzureWebJobsStorage: storage },
      );
      expect(composed).toEqual(whole);
    },
  );

  it('leaves a storage account alone that is somebody’s own', () => {
    for (const storage of [
      'AccountName=mine;AccountKey=b2xk;',
      'AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFl;',
    ]) {
      expect(composeEnvironment(stack, {}, { TABLES_CONNECTION_STRING: storage })).toMatchObject({
        TABLES_CONNECTION_STRING: storage,
      });
    }
  });

  it('takes nothing of Azurite when the person has other tables', () => {
    const composed = composeEnvironment(stack, { TABLES_URL: 'own' }, {});
    expect(composed).not.toHaveProperty('TABLES_CONNECTION_STRING');
  });

  it('takes neither vault nor identity of the stack when the person has a vault in Azure', () => {
    const own = { KEY_VAULT_URL: 'https://own.vault.azure.net', AZURE_CLIENT_ID: 'own' };
    const composed = composeEnvironment(stack, own, {});
    expect(composed).toMatchObject(own);
    for (const name of identityNames.slice(1)) expect(composed).not.toHaveProperty(name);
    expect(composed).not.toHaveProperty('OAUTH_PROXY');
  });

  it('has no identity for tables in Azure but the person’s own, and so no vault and no proxy', () => {
    const composed = composeEnvironment(stack, {}, { TABLES_URL: 'https://own.table.core.windows.net' });
    for (const name of identityNames) expect(composed).not.toHaveProperty(name);
    expect(composed).toMatchObject({ OAUTH_PROXY: 'off' });
  });

  it('means by a vault on this machine the one that runs, with its identity', () => {
    const pasted = {
      KEY_VAULT_URL: 'https://127.0.0.1:9',
      IDENTITY_ENDPOINT: 'http://127.0.0.1:9/msi/token',
      IDENTITY_HEADER: 'older',
      NODE_EXTRA_CA_CERTS: '/older.pem',
      AZURE_CLIENT_ID: 'own',
    };
    expect(composeEnvironment(stack, pasted, {})).toEqual(whole);
  });
});

describe('the settings for func start by hand', () => {
  it('are those in which the stack differs from the sample', () => {
    const same = Object.fromEntries(
      Object.keys(stack).map((name) => [name, sampleValues[name] ?? '']),
    ) as unknown as StackValues;
    const changed = {
      AzureWebJobsStorage: 'new',
      // These two are in no sample.
      IDENTITY_HEADER: 'header',
      NODE_EXTRA_CA_CERTS: '/trusted.pem',
    };
    expect(listChangedSettings({ ...same, ...changed })).toEqual(changed);
  });
});

describe('local.settings.json', () => {
  let folder: string;
  const write = (text: string) => writeFileSync(join(folder, 'local.settings.json'), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('may be missing', () => {
    expect(readLocalSettings(folder)).toEqual({});
  });

  it('counts only where it differs from the sample, so that a copy pins no ports', () => {
    write(sample);
    expect(readLocalSettings(folder)).toEqual({});
    write(JSON.stringify({ Values: { ...sampleValues, LOG_LEVEL: 'debug' } }));
    expect(readLocalSettings(folder)).toEqual({ LOG_LEVEL: 'debug' });
  });

  it.each([
    ['{', /local\.settings\.json cannot be used: .*JSON/],
    ['{"IsEncrypted":true,"Values":{}}', /IsEncrypted must be false \(run "func settings decrypt"\)/],
    ['{"Values":{"MCP_PORT":7071}}', /Values\.MCP_PORT must be text, in quotes/],
  ])('is refused in one line when it is %s', (text, message) => {
    write(text);
    expect(() => readLocalSettings(folder)).toThrow(message);
  });
});

describe('local.settings.sample.json', () => {
  it('configures the server for the local Entra', () => {
    const config = loadConfig(sampleValues);
    expect(config.entra).toMatchObject({
      authority: 'http://127.0.0.1:7080',
      tenantId: homeTenant.id,
      audiences: [apps.api.id, apps.api.api.identifierUri],
      requiredScopes: apps.api.api.scopes,
      requiredAppRoles: apps.api.api.appRoles,
    });
    expect(config.http.publicBaseUrl).toBe('http://localhost:7071');
    expect(config.tables.connectionString).toBe('UseDevelopmentStorage=true');
    expect(config.oauth).toMatchObject({
      clientId: apps.proxy.id,
      credential: 'managed-identity',
      keyVaultUrl: 'https://127.0.0.1:7081',
    });
    expect(config.identity).toEqual({ managedIdentity: true });
  });
});
