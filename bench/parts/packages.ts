import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { bundleApp } from '../../dev/bundle.ts';
import type { Weight } from '../results.ts';

const projectRoot = resolve(import.meta.dirname, '../..');

/** Makes the package as it is deployed: .funcignore lets the bundle, its files and these two in. */
export async function makePackage(folder: string): Promise<void> {
  await bundleApp(join(folder, 'dist'));
  for (const file of ['host.json', 'package.json']) copyFileSync(join(projectRoot, file), join(folder, file));
}

/** Makes the same code without a bundle: each file of src as JavaScript, which imports from node_modules. */
export function makeUnbundled(folder: string): void {
  for (const file of globSync('src/**/*.ts', { cwd: projectRoot })) {
    const { outputText } = ts.transpileModule(readFileSync(join(projectRoot, file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const path = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  copyFileSync(join(projectRoot, 'host.json'), join(folder, 'host.json'));
  const packageJson = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...packageJson, main: 'src/main.js' }));
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'), 'junction');
}

/** A fresh copy, which nothing was ever loaded from. */
export function copyPackage(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** The worker's program as one file of JavaScript, so that no time is spent on its own types. */
export async function makeWorker(path: string): Promise<void> {
  await build({
    absWorkingDir: projectRoot,
    entryPoints: ['bench/servers/functions.ts'],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
}

function weigh(folder: string, patterns: readonly string[]): Weight {
  const sizes = globSync(patterns, { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Of all that a folder holds; what a link in it leads to is left out. */
export function weighPackage(folder: string): Weight {
  return weigh(folder, ['host.json', 'package.json', 'dist/**', 'src/**']);
}

/** Of the packages that the server depends on, as `npm ci --omit=dev` installs them. */
export function weighDependencies(): Weight {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const folders = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path]) => path);
  // Packages below a package have an entry of their own.
  const weights = folders.map((path) => {
    const all = weigh(join(projectRoot, path), ['**']);
    const nested = weigh(join(projectRoot, path), ['node_modules/**']);
    return { files: all.files - nested.files, bytes: all.bytes - nested.bytes };
  });
  return {
    files: weights.reduce((sum, { files }) => sum + files, 0),
    bytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
