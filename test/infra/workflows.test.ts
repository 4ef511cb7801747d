import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { projectRoot, readInfra } from './bicep.ts';

const folder = join(projectRoot, '.github/workflows');
const files = readdirSync(folder);

const workflowSchema = z.looseObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.looseObject({
      'runs-on': z.string(),
      'timeout-minutes': z.number(),
      permissions: z.record(z.string(), z.string()),
      env: z.record(z.string(), z.string()).default({}),
      steps: z.array(z.looseObject({ uses: z.string().optional(), run: z.string().optional() })),
    }),
  ),
});

function read(file: string) {
  const text = readFileSync(join(folder, file), 'utf8');
  return { text, workflow: workflowSchema.parse(parse(text)) };
}

describe.each(files)('.github/workflows/%s', (file) => {
  const { text, workflow } = read(file);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it('pins each action by commit and says its version', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, reference]) => reference);
    expect(uses.length).toBe(steps.filter((step) => step.uses !== undefined).length);
    expect(
      uses.filter((use = '') => !/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use)),
    ).toEqual([]);
  });

  it('runs npm scripts that exist', () => {
    const named = [...text.matchAll(/npm (?:run )?(?:--silent )?([\w:-]+)/g)].map(([, name]) => name ?? '');
    const own = ['ci', 'audit', 'run'];
    expect(named.filter((name) => !own.includes(name) && !(name in packageJson.scripts))).toEqual([]);
  });

  it('grants each job only what it names, and stores no secret', () => {
    expect(workflow.permissions).toEqual({});
    expect(text).not.toMatch(/secrets\./);
    for (const { permissions } of jobs) {
      const writes = Object.entries(permissions).filter(([, right]) => right === 'write');
      expect(writes.filter(([scope]) => !['id-token', 'security-events'].includes(scope))).toEqual([]);
    }
  });

  it('puts nothing that a stranger writes into a command', () => {
    expect(steps.filter(({ run = '' }) => run.includes('${{'))).toEqual([]);
    expect(text).not.toContain('pull_request_target');
  });
});

describe('the pipelines', () => {
  it('build and lint the Bicep with the real compiler, audit what is shipped and look for faults', () => {
    const { text } = read('ci.yml');
    for (const command of [
      'az bicep lint --file infra/main.bicep',
      'az bicep build --file infra/main.bicep',
      'npm test',
      'github/codeql-action/analyze',
    ]) {
      expect(text).toContain(command);
    }
    // Whatever it finds, however slight, fails.
    expect(text.match(/npm audit.*/g)).toEqual(['npm audit --omit=dev']);
  });

  it('deploy as a federated identity that may ask for tokens, on the main branch alone', () => {
    const { workflow, text } = read('azure-dev.yml');
    expect(workflow.on.push).toEqual({ branches: ['main'] });
    expect(workflow.jobs.deploy?.if).toBe("github.ref == 'refs/heads/main'");
    expect(Object.keys(workflow.jobs)).toEqual(['deploy']);
    expect(workflow.jobs.deploy?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(text).toContain('--federated-credential-provider github');
    const { ENTRA_SMOKE_CLIENT_ID: smoke } = workflow.jobs.deploy?.env ?? {};
    expect(smoke).toContain('vars.MCP_GITHUB_REPOSITORY &&');
  });

  it('give azd every parameter of the template but those that Azure or nobody gives', () => {
    const { parameters } = JSON.parse(readInfra('main.parameters.json')) as {
      parameters: Record<string, { value: string }>;
    };
    const variables = Object.values(parameters).map(({ value }) => /^\$\{(\w+)/.exec(value)?.[1] ?? '');
    const given = Object.keys(read('azure-dev.yml').workflow.jobs.deploy?.env ?? {});
    const withheld = [
      'AZURE_PRINCIPAL_ID',
      'ASSIGN_DEVELOPER_ROLES',
      'CREATE_SMOKE_CLIENT',
      'MCP_GITHUB_REPOSITORY',
    ];
    expect(variables.filter((name) => !given.includes(name))).toEqual(withheld);
    const azure = ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_SUBSCRIPTION_ID'];
    expect(given.filter((name) => !variables.includes(name))).toEqual(azure);
  });

  it('are kept up to date by Dependabot, actions and packages', () => {
    const dependabot = z
      .object({ updates: z.array(z.looseObject({ 'package-ecosystem': z.string() })) })
      .parse(parse(readFileSync(join(projectRoot, '.github/dependabot.yml'), 'utf8')));
    const ecosystems = dependabot.updates.map((update) => update['package-ecosystem']);
    expect(ecosystems.sort()).toEqual(['github-actions', 'npm']);
  });
});
