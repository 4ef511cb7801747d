import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const besideBundle = join(import.meta.dirname, 'swagger-ui');
const inCheckout = join(import.meta.dirname, '../../node_modules/swagger-ui-dist');

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/**
 * A file of Swagger UI, compressed with gzip: a deployment has it so beside its bundle (scripts/build.ts), a checkout
 * plain among its packages. Rejects when neither has it.
 */
export async function readSwaggerUi(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(join(besideBundle, `${file}.gz`));
  } catch (error) {
    if (!isMissing(error)) throw error;
    return promisify(gzip)(await readFile(join(inCheckout, file)));
  }
}
