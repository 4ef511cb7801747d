import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleApp } from '../../dev/bundle.ts';
import { createDocsEndpoints } from '../../src/endpoints/docs.ts';

const projectRoot = resolve(import.meta.dirname, '../..');
let folder: string;

/** What is shipped, in a folder without anything else: no packages to fall back on. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  await bundleApp(join(folder, 'dist'));
  for (const file of ['host.json', 'package.json']) copyFileSync(join(projectRoot, file), join(folder, file));
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(code: string): string {
  return execFileSync(process.execPath, ['-e', code], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

describe('the build', () => {
  it('is loaded through package.json, with nothing else installed', () => {
    expect(run(`require('.'); console.log('loaded')`)).toContain('loaded');
  });

  it('does not load at start what is needed later: the credential brings child_process', () => {
    const output = run(`require('.'); console.log(process.moduleLoadList.join())`);
    expect(output).toContain('NativeModule http');
    expect(output).not.toContain('NativeModule child_process');
  });

  it('keeps the names of oidc-provider’s models, by which their records are stored', () => {
    const code = readFileSync(join(folder, 'dist/provider.cjs'), 'utf8');
    for (const model of ['AuthorizationCode', 'Grant', 'Interaction', 'RefreshToken', 'ReplayDetection']) {
      expect(code).toContain(`class ${model} extends `);
    }
  });

  it('holds every file that the docs page loads from a package', () => {
    const files = createDocsEndpoints({ title: 'test' })
      .map(({ path }) => basename(path))
      .filter((name) => name.startsWith('swagger-ui'));
    expect(files).not.toEqual([]);
    for (const file of files) {
      const shipped = brotliDecompressSync(readFileSync(join(folder, 'dist/swagger-ui', `${file}.br`)));
      expect(shipped.equals(readFileSync(join(projectRoot, 'node_modules/swagger-ui-dist', file)))).toBe(
        true,
      );
    }
  });
});
