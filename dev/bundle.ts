import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const projectRoot = resolve(import.meta.dirname, '..');

/** Where package.json's `main` is. */
const distDir = resolve(projectRoot, 'dist');

const swaggerUi = join(projectRoot, 'node_modules/swagger-ui-dist');

/** What the page of `/docs` loads. */
const swaggerUiFiles = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

async function bundleCode(outfile: string, sourceMap: boolean): Promise<void> {
  await build({
    absWorkingDir: projectRoot,
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    minify: true,
    // Names of functions and classes tell in stack traces where something failed.
    keepNames: true,
    // The licences of what is bundled, in a file beside it.
    legalComments: 'linked',
    sourcemap: sourceMap && 'linked',
    logLevel: 'warning',
    // The Functions worker brings it; no package of that name is installed.
    external: ['@azure/functions-core'],
  });
}

/** Compressed once and for all: whoever asks for these takes gzip. */
async function copySwaggerUi(outDir: string): Promise<void> {
  await mkdir(outDir);
  for (const file of swaggerUiFiles) {
    const content = await readFile(join(swaggerUi, file));
    await writeFile(join(outDir, `${file}.gz`), gzipSync(content, { level: 9 }));
  }
  for (const file of ['LICENSE', 'NOTICE']) await copyFile(join(swaggerUi, file), join(outDir, file));
}

/**
 * Replaces `outDir` with the app as Functions loads it: one file of code with every dependency, and the files of the
 * docs page beside it; with `sourceMap` a debugger shows the source. Rejects with esbuild's own error.
 */
export async function bundleApp(
  outDir: string = distDir,
  { sourceMap = false }: { readonly sourceMap?: boolean } = {},
): Promise<{ path: string; bytes: number }> {
  const path = join(outDir, 'main.cjs');
  await rm(outDir, { recursive: true, force: true });
  await bundleCode(path, sourceMap);
  await copySwaggerUi(join(outDir, 'swagger-ui'));
  return { path, bytes: (await stat(path)).size };
}
