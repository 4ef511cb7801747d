import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { createVsCodeConfig } from '../../src/endpoints/vs-code-config.ts';
import { projectRoot } from './bicep.ts';

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot, file), 'utf8'));
}

const scripts = Object.keys(packageJson.scripts);

const { tasks } = z
  .object({
    tasks: z.array(
      z.looseObject({
        label: z.string(),
        type: z.enum(['npm', 'shell']),
        script: z.string().optional(),
        dependsOn: z.array(z.string()).default([]),
      }),
    ),
  })
  .parse(read('.vscode/tasks.json'));

const { configurations } = z
  .object({
    configurations: z.array(
      z.looseObject({
        name: z.string(),
        type: z.literal('node'),
        request: z.enum(['launch', 'attach']),
        runtimeExecutable: z.literal('npm').optional(),
        runtimeArgs: z.array(z.string()).default([]),
        port: z.number().optional(),
        preLaunchTask: z.string().optional(),
      }),
    ),
  })
  .parse(read('.vscode/launch.json'));

describe('the editor’s files', () => {
  it('run npm scripts and tasks that exist', () => {
    const named = [
      ...tasks.flatMap(({ script }) => script ?? []),
      ...configurations.flatMap(({ runtimeArgs }) => runtimeArgs.slice(0, 1)),
    ];
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
    const labels = tasks.map(({ label }) => label);
    const used = [
      ...tasks.flatMap(({ dependsOn }) => dependsOn),
      ...configurations.flatMap(({ preLaunchTask }) => preLaunchTask ?? []),
    ];
    expect(used.filter((label) => !labels.includes(label))).toEqual([]);
  });

  it('attach to the port that the task opens', () => {
    const { port, preLaunchTask } = configurations.find(({ request }) => request === 'attach') ?? {};
    const task = tasks.find(({ label }) => label === preLaunchTask);
    expect(JSON.stringify(task)).toContain(`--inspect=127.0.0.1:${String(port)}`);
  });

  it('have the token’s variant of mcp.json as the landing page gives it, without a token', () => {
    expect(read('.vscode/mcp.token.json')).toEqual(
      createVsCodeConfig('entra-mcp', 'http://localhost:7071/mcp', { asksForToken: true }),
    );
  });
});

describe('the dev container', () => {
  const container = z
    .object({
      image: z.string(),
      features: z.record(z.string(), z.record(z.string(), z.unknown())),
      postCreateCommand: z.string(),
      forwardPorts: z.array(z.number()),
      customizations: z.object({ vscode: z.object({ extensions: z.array(z.string()) }) }),
    })
    .parse(read('.devcontainer/devcontainer.json'));

  it('has Node 22 and pinned tools for Azure', () => {
    expect(container.image).toMatch(/typescript-node:\d+-22-bookworm$/);
    const names = Object.keys(container.features);
    expect(names.filter((name) => !/:\d+$/.test(name))).toEqual([]);
    for (const tool of ['azd', 'azure-cli', 'azure-functions-core-tools']) {
      expect(names.some((name) => name.includes(`/${tool}:`))).toBe(true);
    }
    expect(container.features['ghcr.io/devcontainers/features/azure-cli:1']).toEqual({ installBicep: true });
  });

  it('is ready for "npm start" and "npm test", and lets the browser outside reach both pages', () => {
    expect(container.postCreateCommand).toMatch(/^npm ci && /);
    expect(container.forwardPorts).toEqual([7071, 7080]);
  });

  it('brings extensions that the project recommends', () => {
    const { recommendations } = z
      .object({ recommendations: z.array(z.string()) })
      .parse(read('.vscode/extensions.json'));
    const { extensions } = container.customizations.vscode;
    expect(extensions.filter((name) => !recommendations.includes(name))).toEqual([]);
  });
});
