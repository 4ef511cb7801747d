import { resolve } from 'node:path';
import { build } from 'esbuild';

const projectRoot = resolve(import.meta.dirname, '../..');

/** What package.json names as `main`. */
export const bundlePath = resolve(projectRoot, 'dist/main.cjs');

/** Bundles the app and every dependency into one file for the Functions worker. Rejects with esbuild's own error. */
export async function bundleApp(outfile: string = bundlePath): Promise<{ readonly bytes: number }> {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    minify: true,
    // Names of functions and classes tell in stack traces where something failed.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // The Functions worker brings it; no package of that name is installed.
    external: ['@azure/functions-core'],
  });
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith('.cjs'));
  return { bytes: output?.[1].bytes ?? 0 };
}
