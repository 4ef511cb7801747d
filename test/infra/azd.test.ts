import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import Ajv04 from 'ajv-draft-04';
import { parse } from 'yaml';
import * as z from 'zod';
import hostJson from '../../host.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { projectRoot, readInfra } from './bicep.ts';
import azureYamlSchema from './schemas/azure.yaml.json' with { type: 'json' };
import hostJsonSchema from './schemas/host.json' with { type: 'json' };

const azureYaml: unknown = parse(readFileSync(join(projectRoot, 'azure.yaml'), 'utf8'));
const { services, hooks, pipeline } = z
  .object({
    services: z.record(
      z.string(),
      z.looseObject({ hooks: z.record(z.string(), z.object({ run: z.string() })) }),
    ),
    hooks: z.record(z.string(), z.object({ run: z.string() })),
    pipeline: z.object({ variables: z.array(z.string()) }),
  })
  .parse(azureYaml);

describe('azure.yaml', () => {
  it('is what azd’s schema describes', () => {
    const validate = new Ajv2019({ strict: false, allErrors: true }).compile(azureYamlSchema);
    validate(azureYaml);
    expect(validate.errors).toBeNull();
  });

  it('has no member that the schema does not know: azd would pass over it', () => {
    const known = Object.keys(azureYamlSchema.properties);
    expect(Object.keys(azureYaml as object).filter((name) => !known.includes(name))).toEqual([]);
    const members = Object.keys(azureYamlSchema.properties.services.additionalProperties.properties);
    for (const service of Object.values(services)) {
      expect(Object.keys(service).filter((name) => !members.includes(name))).toEqual([]);
    }
  });

  it('is refused by the schema with the mistakes that azd refuses', () => {
    const validate = new Ajv2019({ strict: false }).compile(azureYamlSchema);
    const hook = {
      run: 'x.sh',
      posix: { run: 'x.sh', shell: 'sh' },
      windows: { run: 'x.ps1', shell: 'pwsh' },
    };
    expect(validate({ ...(azureYaml as object), hooks: { postprovision: hook } })).toBe(false);
    expect(validate({ ...(azureYaml as object), hooks: { afterprovision: { run: 'x.ts' } } })).toBe(false);
    expect(validate({ ...(azureYaml as object), services: { mcp: { host: 'function' } } })).toBe(false);
  });

  it('runs hooks that exist, each the same on every system: TypeScript, no shell', () => {
    const all = [hooks, ...Object.values(services).map((service) => service.hooks)].flatMap((one) =>
      Object.values(one),
    );
    expect(all.map(({ run }) => run).sort()).toEqual([
      'scripts/azd/postdeploy.ts',
      'scripts/azd/postdown.ts',
      'scripts/azd/postprovision.ts',
      'scripts/azd/prepackage.ts',
    ]);
    expect(all.filter(({ run }) => !existsSync(join(projectRoot, run)))).toEqual([]);
    // What azd runs them by; without it npx would take the newest from the registry.
    expect(packageJson.devDependencies).toHaveProperty('tsx');
  });

  it('names the service as the tag of the app does', () => {
    expect(readInfra('main.bicep')).toContain(`serviceName: '${Object.keys(services).join()}'`);
  });

  it('hands every choice of a person to the pipeline', () => {
    const { parameters } = JSON.parse(readInfra('main.parameters.json')) as {
      parameters: Record<string, { value: string }>;
    };
    const chosen = Object.values(parameters).map(({ value }) => /^\$\{(\w+)/.exec(value)?.[1] ?? '');
    /** What azd gives, what is the pipeline’s own, and what only makes sense where somebody has rights in Entra. */
    const others = [
      'AZURE_ENV_NAME',
      'AZURE_LOCATION',
      'AZURE_PRINCIPAL_ID',
      'AZURE_PRINCIPAL_TYPE',
      'ASSIGN_DEVELOPER_ROLES',
      'BUILD_ID',
      'CREATE_SMOKE_CLIENT',
      'ENTRA_API_CLIENT_ID',
      'ENTRA_API_IDENTIFIER_URI',
      'ENTRA_PROXY_CLIENT_ID',
      'ENTRA_SMOKE_CLIENT_ID',
      'MCP_GITHUB_REPOSITORY',
    ];
    const wanted = chosen.filter((name) => !others.includes(name));
    const outputs = [
      'MCP_API_CLIENT_ID',
      'MCP_API_IDENTIFIER_URI',
      'MCP_PROXY_CLIENT_ID',
      'MCP_SMOKE_CLIENT_ID',
    ];
    expect(pipeline.variables).toEqual([...outputs, 'MCP_GITHUB_REPOSITORY', ...wanted]);
    for (const name of outputs) expect(readInfra('main.bicep')).toContain(`output ${name} string`);
  });
});

describe('host.json', () => {
  it('is what its published schema describes', () => {
    const validate = new Ajv04.default({ strict: false, allErrors: true }).compile(hostJsonSchema);
    validate(hostJson);
    expect(validate.errors).toBeNull();
  });

  it('ends an invocation before Azure ends its answer, and has no prefix', () => {
    expect(hostJson.functionTimeout).toBe('00:03:50');
    expect(hostJson.extensions.http.routePrefix).toBe('');
  });
});
