import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import * as z from 'zod';
import { bundleApp } from '../../dev/bundle.ts';

/** An npm package of which something is in what is deployed. */
export interface ShippedPackage {
  readonly name: string;
  /** SPDX expression, as its package.json has it. */
  readonly licence: string;
}

const mapSchema = z.object({ sources: z.array(z.string()) });
const manifestSchema = z.object({ name: z.string(), license: z.string() });

/** Shipped as files, which no source map tells of. */
const shippedAsFiles = resolve(import.meta.dirname, '../../node_modules/swagger-ui-dist');

/** The folders of the packages whose code is in the bundle, by its source maps. */
async function listFolders(dist: string): Promise<Set<string>> {
  const maps = (await readdir(dist)).filter((file) => file.endsWith('.map'));
  const sources = await Promise.all(
    maps.map(async (file) => mapSchema.parse(JSON.parse(await readFile(join(dist, file), 'utf8'))).sources),
  );
  const folders = sources.flat().flatMap((source) => {
    const path = resolve(dist, source).replaceAll(sep, '/');
    return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
  });
  return new Set([...folders, shippedAsFiles]);
}

async function readManifest(folder: string): Promise<ShippedPackage> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const { name, license } = manifestSchema.parse(manifest);
  return { name, licence: license };
}

/** Builds what is deployed, aside, and lists the packages in it by name, each licence of a package once. */
export async function listShippedPackages(): Promise<readonly ShippedPackage[]> {
  const dist = await mkdtemp(join(tmpdir(), 'shipped-'));
  try {
    await bundleApp(dist, { sourceMap: true });
    const manifests = await Promise.all([...(await listFolders(dist))].map(readManifest));
    const once = new Map(manifests.map((shipped) => [`${shipped.name} ${shipped.licence}`, shipped]));
    return [...once].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, shipped]) => shipped);
  } finally {
    await rm(dist, { recursive: true });
  }
}
