import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleApp } from '../../dev/bundle.ts';
import { projectRoot } from './bicep.ts';

let project: string;
let packaged: string;

/** What azd puts into the package: everything but what .funcignore names, which has the rules of .gitignore. */
function listPackage(): string[] {
  execFileSync('git', ['init', '--quiet'], { cwd: project });
  const listed = execFileSync('git', ['ls-files', '--others', '--exclude-from=.funcignore'], {
    cwd: project,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((path) => path !== '');
}

/** A project with everything in it that must not be shipped. */
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'project-'));
  packaged = mkdtempSync(join(tmpdir(), 'packaged-'));
  await bundleApp(join(project, 'dist'));
  for (const file of ['.funcignore', 'host.json', 'package.json', 'package-lock.json']) {
    cpSync(join(projectRoot, file), join(project, file));
  }
  const strays = [
    '.azure/dev/.env',
    '.env',
    'azure.yaml',
    'dev/host.json',
    'dist/main.cjs.map',
    'infra/main.bicep',
    'local.settings.json',
    'node_modules/zod/package.json',
    'node_modules/zod/dist/index.js',
    'src/main.ts',
    'test/dist/a.ts',
  ];
  for (const path of strays) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), '');
  }
});

afterAll(() => {
  for (const folder of [project, packaged]) rmSync(folder, { recursive: true });
});

describe('the package that azd deploys', () => {
  it('holds the code, what the docs page loads, and the two files that the host reads', () => {
    expect(listPackage().sort()).toEqual([
      'dist/authorization.cjs',
      'dist/azure.cjs',
      'dist/errors.cjs',
      'dist/main.cjs',
      'dist/monitor.cjs',
      'dist/pages.cjs',
      'dist/provider.cjs',
      'dist/rolldown-runtime.cjs',
      'dist/swagger-ui/LICENSE',
      'dist/swagger-ui/NOTICE',
      'dist/swagger-ui/swagger-ui-bundle.js.br',
      'dist/swagger-ui/swagger-ui.css.br',
      'dist/telemetry.cjs',
      'host.json',
      'package.json',
    ]);
  });

  it('leaves the folder node_modules itself in, without which azd refuses to deploy what was built here', () => {
    const asked = ['-c', 'core.excludesFile=.funcignore', 'check-ignore', '--verbose', '--non-matching'];
    const { stdout } = spawnSync('git', [...asked, 'node_modules', 'node_modules/zod'], {
      cwd: project,
      encoding: 'utf8',
    });
    const [folder, content] = stdout.trim().split('\n');
    expect(folder).toMatch(/!node_modules\/\t/);
    expect(content).toMatch(/:node_modules\/\*\t/);
  });

  it('is small, since a cold start fetches it, and of few files', () => {
    const files = listPackage();
    const bytes = files.reduce((sum, path) => sum + statSync(join(project, path)).size, 0);
    expect(bytes).toBeLessThan(2_500_000);
    expect(files.length).toBeLessThan(20);
  });

  it('has little to parse at start', () => {
    const atStart = ['main.cjs', 'errors.cjs', 'rolldown-runtime.cjs'];
    const bytes = atStart.reduce((sum, file) => sum + statSync(join(project, 'dist', file)).size, 0);
    expect(bytes).toBeLessThan(600_000);
  });

  it('starts in an empty folder with nothing else', () => {
    for (const path of listPackage()) cpSync(join(project, path), join(packaged, path));
    const code = `
      const { Module } = require('node:module');
      const routes = [];
      // What the worker brings.
      const load = Module._load;
      const core = new Proxy({}, { get: (_, name) => name === 'registerFunction' ? (f) => routes.push(f.name) : () => undefined });
      Module._load = (id, ...rest) => id === '@azure/functions-core' ? core : load(id, ...rest);
      require('.');
      console.log('loaded', routes.length);`;
    const output = execFileSync(process.execPath, ['-e', code], {
      cwd: packaged,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    const count = Number(/loaded (\d+)/.exec(output)?.[1]);
    expect(count).toBeGreaterThan(10);
  });
});
