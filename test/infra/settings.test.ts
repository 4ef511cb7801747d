import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config.ts';
import type { SettingName } from '../../src/config/settings.ts';
import { settings } from '../support/settings.ts';
import { tableNames } from '../../src/azure/tables.ts';
import {
  bodyOf,
  descendants,
  parametersOf,
  parseBicep,
  properties,
  readInfra,
  valueOf,
  keyOf,
} from './bicep.ts';

/** Settings that make no sense in Azure, and why. */
const excluded: Partial<Record<SettingName, string>> = {
  TABLES_CONNECTION_STRING: 'holds a key, and is refused in Azure: TABLES_URL takes its place',
};

/** What the Functions host or a library reads, and nothing of the code does. */
const hostSettings = [
  'APPLICATION_INSIGHTS_NO_STATSBEAT',
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsDisableHomepage',
  'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT',
];

const functionApp = parseBicep('app/function-app.bicep');
const main = parseBicep('main.bicep');
const appSettings = properties(
  properties(bodyOf(functionApp, 'resource_declaration', 'appSettings')).get('properties') ?? functionApp,
);

describe('the settings of the function app', () => {
  it('are those of the configuration schema and of the host, none missing and none unknown', () => {
    const wanted = settings.map(({ name }) => name).filter((name) => excluded[name] === undefined);
    expect([...appSettings.keys()].sort()).toEqual([...hostSettings, ...wanted].sort());
  });

  it('have none that Flex Consumption rejects', () => {
    const rejected =
      /FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_|SCM_DO_BUILD|linuxFxVersion|ftpsState|alwaysOn|use32BitWorkerProcess|functionAppScaleLimit/;
    expect(readInfra('app/function-app.bicep')).not.toMatch(rejected);
  });

  it('make a configuration that the server accepts, with the defaults of the template', () => {
    const guid = '11111111-1111-4111-8111-111111111111';
    /** What is known only in Azure, as Azure writes it. */
    const known: Record<string, string> = {
      publicBaseUrl: 'https://func-abc.azurewebsites.net',
      entraTenantId: guid,
      'environment().authentication.loginEndpoint': 'https://login.microsoftonline.com/',
      entraAudiences: `${guid},api://${guid}/entra-mcp-dev-11111111-api`,
      tableEndpoint: 'https://stabc.table.core.windows.net/',
      entraClientId: guid,
      keyVaultUrl: 'https://kv-abc.vault.azure.net/',
      identityClientId: guid,
      applicationInsightsConnectionString: `InstrumentationKey=${guid};IngestionEndpoint=https://x.in.applicationinsights.azure.com/`,
      "'ClientId=${identityClientId};Authorization=AAD'": `ClientId=${guid};Authorization=AAD`,
      'string(trustedProxies)': '2',
      'string(perInstanceConcurrency * 4)': '200',
      "string(loadJsonContent('../preregistered-clients.json'))": readInfra(
        'preregistered-clients.json',
      ).trim(),
    };
    const defaults = new Map(parametersOf(main).map((parameter) => [parameter.name, parameter.default]));
    const modules = bodyOf(main, 'module_declaration', 'functionApp');
    const options = descendants(modules, 'object_property').find((property) => keyOf(property) === 'options');
    const chosen = properties(options === undefined ? modules : valueOf(options));

    function evaluate(text: string): string {
      const option = /^options\.(\w+)$/.exec(text)?.[1];
      if (option !== undefined) return evaluate(chosen.get(option)?.text ?? '');
      if (text.startsWith('isMultiTenant')) return '';
      return known[text] ?? (defaults.get(text) ?? text).replaceAll("'", '');
    }
    const environment = Object.fromEntries(
      [...appSettings]
        .filter(([name]) => !hostSettings.includes(name))
        .map(([name, value]) => [name, evaluate(value.text)]),
    );
    const config = loadConfig({
      ...environment,
      WEBSITE_SITE_NAME: 'func-abc',
      IDENTITY_ENDPOINT: 'http://x',
    });
    const plain = loadConfig({
      PUBLIC_BASE_URL: 'https://func-abc.azurewebsites.net',
      ENTRA_TENANT_ID: guid,
      ENTRA_AUDIENCES: environment.ENTRA_AUDIENCES,
      ENTRA_CLIENT_ID: guid,
      KEY_VAULT_URL: environment.KEY_VAULT_URL,
      TABLES_URL: environment.TABLES_URL,
      AZURE_CLIENT_ID: guid,
      TRUSTED_PROXIES: '2',
      IDENTITY_ENDPOINT: 'http://x',
      APPLICATIONINSIGHTS_CONNECTION_STRING: environment.APPLICATIONINSIGHTS_CONNECTION_STRING,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: environment.APPLICATIONINSIGHTS_AUTHENTICATION_STRING,
    });
    // The template’s defaults are the code’s own.
    expect(config).toEqual(plain);
  });

  it('trust two front ends behind the gateway and one without it', () => {
    const text = bodyOf(main, 'module_declaration', 'functionApp').text;
    expect(text).toContain('trustedProxies: useApiManagement ? 2 : 1');
  });
});

describe('the tables', () => {
  it('declared are those that the code uses, with the prefix of its settings', () => {
    const storage = parseBicep('app/storage.bicep');
    const [declaration] = descendants(storage, 'variable_declaration');
    const declared = descendants(declaration ?? storage, 'string_content').map(({ text }) => text);
    expect(declared.sort()).toEqual([...tableNames].sort());
    const resource = bodyOf(storage, 'resource_declaration', 'tables');
    expect(properties(resource).get('name')?.text).toBe("'${tablePrefix}${table}'");
    for (const table of declared) expect(`mcp${table}`).toMatch(/^[A-Za-z][A-Za-z0-9]{2,62}$/);
  });
});
