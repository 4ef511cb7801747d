import { describe, expect, it } from '@jest/globals';
import { bicepFiles, bodyOf, descendants, nameOf, parseBicep, properties, readInfra } from './bicep.ts';

const rbac = parseBicep('app/rbac.bicep');

/** Azure’s ids of the built-in roles. */
const builtIn: Readonly<Record<string, string>> = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
};

/** What the app’s identity does, and the role that this takes. */
const needed: Readonly<Record<string, { readonly scope: string; readonly roles: readonly string[] }>> = {
  // The host’s locks and the package; src/azure/tables.ts.
  appStorage: { scope: 'storage', roles: ['Storage Blob Data Owner', 'Storage Table Data Contributor'] },
  // src/azure/key-vault-secrets.ts reads versions and their values.
  appVault: { scope: 'vault', roles: ['Key Vault Secrets User'] },
  // The host’s telemetry; the gateway’s too.
  telemetry: { scope: 'component', roles: ['Monitoring Metrics Publisher'] },
};

/** Assignments that hold only where somebody asked for them. */
const optional: typeof needed = {
  developerStorage: { scope: 'storage', roles: ['Storage Table Data Contributor'] },
  developerVault: { scope: 'vault', roles: ['Key Vault Secrets User'] },
};

function variable(name: string): string {
  return descendants(rbac, 'variable_declaration').find((one) => nameOf(one) === name)?.text ?? '';
}

/** Names of the roles that an assignment gives: those of its own text, or of the list that it loops over. */
function rolesOf(name: string): string[] {
  const declaration = descendants(rbac, 'resource_declaration').find((one) => nameOf(one) === name);
  const text = declaration?.text ?? '';
  const list = /for role in (\w+):/.exec(text)?.[1];
  const named = list === undefined ? text : variable(list);
  return Object.keys(builtIn).filter((role) => named.includes(`'${role}'`));
}

describe('the role assignments', () => {
  it('are all in one module', () => {
    const others = bicepFiles.filter((file) => readInfra(file).includes('roleAssignments@'));
    expect(others).toEqual(['app/rbac.bicep']);
  });

  it('use the ids that Azure gives these roles', () => {
    const roles = properties(bodyOf(rbac, 'variable_declaration', 'roles'));
    const ids = [...roles].map(([name, id]) => [name, id.text.replaceAll("'", '')]);
    expect(Object.fromEntries(ids)).toEqual(builtIn);
  });

  it('are what the code’s identity needs and no more', () => {
    const assignments = descendants(rbac, 'resource_declaration')
      .filter(({ text }) => text.includes("'Microsoft.Authorization/roleAssignments@"))
      .map((declaration) => {
        const name = nameOf(declaration);
        const scope = properties(bodyOf(rbac, 'resource_declaration', name)).get('scope')?.text;
        return [name, { scope, roles: rolesOf(name) }];
      });
    expect(Object.fromEntries(assignments)).toEqual({ ...needed, ...optional });
  });

  it('give the developer something only when asked, and not as a fixed kind of principal', () => {
    for (const name of Object.keys(optional)) {
      expect(readInfra('app/rbac.bicep')).toMatch(
        new RegExp(`resource ${name} [^=]+= if \\(!empty\\(developerPrincipalId\\)\\)`),
      );
      const { text } = bodyOf(rbac, 'resource_declaration', name);
      expect(text).toContain('principalType: developerPrincipalType');
    }
    expect(readInfra('main.bicep')).toContain(
      "developerPrincipalId: assignDeveloperRoles ? principalId : ''",
    );
    expect(readInfra('main.bicep')).toContain('param assignDeveloperRoles bool = false');
  });

  it('stand before the app starts', () => {
    expect(bodyOf(parseBicep('main.bicep'), 'module_declaration', 'functionApp').text).toContain(
      'dependsOn: [rbac]',
    );
  });
});

describe('keys and passwords', () => {
  it('are switched off wherever Azure offers a way in by one', () => {
    const off: readonly (readonly [string, string])[] = [
      ['app/storage.bicep', 'allowSharedKeyAccess: false'],
      ['app/storage.bicep', 'allowBlobPublicAccess: false'],
      ['app/monitoring.bicep', 'DisableLocalAuth: true'],
      ['app/key-vault.bicep', 'enableRbacAuthorization: true'],
      ['app/function-app.bicep', 'properties: { allow: false }'],
    ];
    for (const [file, text] of off)
      expect([file, readInfra(file)]).toEqual([file, expect.stringContaining(text)]);
  });

  it('are asked of no resource: no listKeys, and no password credential in Entra', () => {
    for (const file of bicepFiles) {
      expect([file, readInfra(file)]).toEqual([
        file,
        expect.not.stringMatching(/list(Account)?(Keys|Sas|Secrets)|passwordCredentials|AccountKey/i),
      ]);
    }
  });

  it('never turn purge protection off, which Azure refuses', () => {
    expect(readInfra('app/key-vault.bicep')).toContain(
      'enablePurgeProtection: purgeProtection ? true : null',
    );
  });
});
