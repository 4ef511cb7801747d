import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type OutputOptions, type Plugin } from 'rolldown';
import { compress } from '../src/endpoints/docs-files.ts';

const projectRoot = resolve(import.meta.dirname, '..');

/** Where package.json's `main` is. */
const distDir = resolve(projectRoot, 'dist');

const packages = join(projectRoot, 'node_modules');
const swaggerUi = join(packages, 'swagger-ui-dist');

/** What the page of `/docs` loads. */
const swaggerUiFiles = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

/** Koa brings every media type that was ever registered; these are what an authorization server may answer with. */
const mediaTypes = [
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/html',
  'text/plain',
];

const fewMediaTypes: Plugin = {
  name: 'few-media-types',
  load: {
    filter: { id: '**/mime-db/db.json' },
    async handler(id) {
      const all = JSON.parse(await readFile(id, 'utf8')) as Record<string, unknown>;
      const few = Object.fromEntries(mediaTypes.map((type) => [type, all[type]]));
      return { code: JSON.stringify(few), moduleType: 'json' };
    },
  },
};

/** Records of oidc-provider and errors in the log go by the names of their classes; nothing goes by a function's. */
const keepNames = { class: true, function: false };

const output: OutputOptions = {
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  // As it is by default, but as a function: the bundler does not know a regular expression of Jest's for one.
  sourcemapIgnoreList: (source) => source.includes('node_modules'),
  minify: { compress: { keepNames }, mangle: { keepNames }, codegen: true },
  codeSplitting: {
    // With all that they depend on in one file: a deployment needs them together, as nothing is read without a token.
    groups: [
      { name: 'azure', test: (id) => /[\\/]src[\\/]azure[\\/]sdk[\\/]/.test(id), priority: 2 },
      {
        name: 'telemetry',
        test: (id) => /[\\/]src[\\/]telemetry[\\/](?:opentelemetry|otlp)\.ts/.test(id),
        priority: 1,
      },
      {
        name: 'monitor',
        test: (id) => /[\\/](?:azure[\\/]monitor\.ts|monitor-opentelemetry-exporter[\\/])/.test(id),
      },
    ],
  },
};

/** Writes the code and resolves with its bytes. */
async function bundleCode(dir: string, sourcemap: boolean): Promise<number> {
  const written = await build({
    cwd: projectRoot,
    input: { main: 'src/main.ts' },
    platform: 'node',
    transform: { target: 'node22' },
    // The Functions worker brings the one. The other opens a browser for a sign-in that this server never begins.
    external: ['@azure/functions-core', 'open'],
    resolve: {
      mainFields: ['module', 'main'],
      alias: {
        // The SDK's own for places that have no other: the validator that comes with Node's is 160 KB and never asked.
        '@modelcontextprotocol/server/_shims': join(
          packages,
          '@modelcontextprotocol/server/dist/shimsBrowser.mjs',
        ),
      },
    },
    plugins: [fewMediaTypes],
    // Nobody imports the entry, so it may hold what the files beside it share with it.
    preserveEntrySignatures: false,
    // A dependency of oidc-provider has one in a function that is not called.
    checks: { eval: false },
    output: { ...output, dir, sourcemap },
  });
  return written.output.reduce(
    (sum, file) => sum + (file.type === 'chunk' ? Buffer.byteLength(file.code) : 0),
    0,
  );
}

async function copySwaggerUi(outDir: string): Promise<void> {
  await mkdir(outDir);
  for (const file of swaggerUiFiles) {
    const content = await readFile(join(swaggerUi, file));
    await writeFile(join(outDir, `${file}.br`), await compress(content));
  }
  for (const file of ['LICENSE', 'NOTICE']) await copyFile(join(swaggerUi, file), join(outDir, file));
}

/**
 * Replaces `outDir` with the app as Functions loads it: `main.cjs` with what every start needs, beside it what is loaded
 * when it is first used, every dependency included, and the files of the docs page; with `sourceMap` a debugger shows
 * the source. Resolves with the path of the entry and the bytes of all code. Rejects with the bundler's own error.
 */
export async function bundleApp(
  outDir: string = distDir,
  { sourceMap = false }: { readonly sourceMap?: boolean } = {},
): Promise<{ path: string; bytes: number }> {
  await rm(outDir, { recursive: true, force: true });
  const bytes = await bundleCode(outDir, sourceMap);
  await copySwaggerUi(join(outDir, 'swagger-ui'));
  return { path: join(outDir, 'main.cjs'), bytes };
}
